/// Notices what happens to the names in a domain's directory, which may come and go itself.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string_view>

#include "evo/domain.hpp"
#include "system/file.hpp"

namespace evo::detail {

/// What a watch is to notice.
enum class Watched {
  /// Files that come and go.
  Names,
  /// That, and files that were closed by somebody who could write, or whose times were set: ends
  /// that attached or died. Whoever opens control files himself would notice himself.
  NamesAndUse,
};

class DirectoryWatch {
 public:
  /// Watches the nearest existing ancestor while the directory is missing.
  DirectoryWatch(const Domain& domain, Watched watched);

  /// False where inotify is not to be had: its limits are per user.
  [[nodiscard]] bool valid() const noexcept { return inotify_.valid() && watch_ >= 0; }
  /// Readable when there is something to take.
  [[nodiscard]] int fd() const noexcept { return inotify_.get(); }

  /// Sleeps until something happens to a file in whose name `words` occur, or the time has passed,
  /// or for a short while.
  void wait(std::string_view words, std::chrono::nanoseconds timeout);

  /// Calls `seen(file)` with the name of each file to which something has happened. Returns
  /// whether more may have happened than was told, so that the directory has to be scanned.
  bool take(const std::function<void(std::string_view)>& seen);

 private:
  void watch_nearest();

  std::filesystem::path directory_;
  std::uint32_t events_;
  FileDescriptor inotify_;
  int watch_ = -1;
  bool of_ancestor_ = false;
};

}  // namespace evo::detail
