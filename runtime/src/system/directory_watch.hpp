// SPDX-License-Identifier: Apache-2.0
/// Reports changes to the names in a domain's directory. The directory itself may appear and
/// disappear.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string_view>

#include "evo/domain.hpp"
#include "system/file.hpp"

namespace evo::detail {

/// What a watch reports.
enum class Watched {
  /// Files that appear and disappear.
  Names,
  /// Also files that a process closed after opening them for writing, and files whose times were
  /// set: these are the traces of endpoints that attached or died. A process that opens control
  /// files for writing sees its own events.
  NamesAndUse,
};

class DirectoryWatch {
 public:
  /// Watches the nearest existing ancestor while the directory is missing.
  DirectoryWatch(const Domain& domain, Watched watched);

  /// False where inotify is unavailable: its limits are per user.
  [[nodiscard]] bool valid() const noexcept { return inotify_.valid() && watch_ >= 0; }
  /// Becomes readable when there are events to take.
  [[nodiscard]] int fd() const noexcept { return inotify_.get(); }

  /// Sleeps until an event concerns a file whose name contains `words`, but no longer than
  /// `timeout`, and in any case only for a short while.
  void wait(std::string_view words, std::chrono::nanoseconds timeout);

  /// Calls `seen(file)` with the name of each file that an event concerns. Returns true if events
  /// may be missing; then the directory must be scanned.
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
