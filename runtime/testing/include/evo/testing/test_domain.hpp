// SPDX-License-Identifier: Apache-2.0
/// A private domain for one test.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "evo/domain.hpp"

namespace evo::testing {

/// An empty directory, on tmpfs where there is one, that is removed with this object. As long as it
/// exists, EVO_DOMAIN names it, so that endpoints and programs which are given no domain use it,
/// too. Only one can exist at a time. The limit of creations per second is off.
class TestDomain {
 public:
  /// Throws std::runtime_error if it cannot create the directory.
  TestDomain();
  TestDomain(const TestDomain&) = delete;
  TestDomain& operator=(const TestDomain&) = delete;
  ~TestDomain();

  [[nodiscard]] Domain domain() const { return Domain(path_.string()); }
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

  /// The names of the files in it, sorted.
  [[nodiscard]] std::vector<std::string> files() const;

 private:
  std::filesystem::path path_;
  pid_t creator_;  // a forked child's copy removes nothing
  std::optional<std::string> former_domain_;
  std::optional<std::string> former_limit_;
};

}  // namespace evo::testing
