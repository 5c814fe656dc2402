/// A directory of the demo's own, in memory where that can be had, gone when the demo ends.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "evo/domain.hpp"
#include "evo/error.hpp"

namespace evo::cell {

class PrivateDomain {
 public:
  /// Makes a fresh directory in /dev/shm, else in the directory for temporary files.
  [[nodiscard]] static tl::expected<PrivateDomain, std::string> make();

  PrivateDomain(PrivateDomain&& other) noexcept;
  PrivateDomain& operator=(PrivateDomain&&) = delete;
  /// Removes the directory with all that is in it.
  ~PrivateDomain();

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] Domain domain() const { return Domain(path_); }

  /// Names of the files that are in it.
  [[nodiscard]] std::vector<std::string> files() const;

 private:
  explicit PrivateDomain(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;  // empty: moved away
};

}  // namespace evo::cell
