// SPDX-License-Identifier: Apache-2.0
/// A temporary directory of the demo, in memory if possible, removed when the demo ends.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "evo/domain.hpp"
#include "evo/error.hpp"

namespace evo::machine {

class PrivateDomain {
 public:
  /// Creates a new directory in /dev/shm, or else in the directory for temporary files.
  [[nodiscard]] static tl::expected<PrivateDomain, std::string> make();

  PrivateDomain(PrivateDomain&& other) noexcept;
  PrivateDomain& operator=(PrivateDomain&&) = delete;
  /// Removes the directory and its contents.
  ~PrivateDomain();

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] Domain domain() const { return Domain(path_); }

  /// Names of the files in it.
  [[nodiscard]] std::vector<std::string> files() const;

 private:
  explicit PrivateDomain(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;  // empty: moved from
};

}  // namespace evo::machine
