// SPDX-License-Identifier: Apache-2.0
/// A domain for one test, on tmpfs if available; removed with the test.
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "evo/domain.hpp"

namespace evo::test {

class TemporaryDomain {
 public:
  TemporaryDomain() {
    std::string pattern = parent() + "/evo-test-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = pattern;
    // Many tests create segments in rapid succession.
    ::setenv("EVO_MAX_CREATIONS_PER_SECOND", "0", 0);
  }
  TemporaryDomain(const TemporaryDomain&) = delete;
  TemporaryDomain& operator=(const TemporaryDomain&) = delete;
  ~TemporaryDomain() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] Domain domain() const { return Domain(path_); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  /// Names of the files in it, including hidden ones.
  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  /// The data file of the only segment in it.
  [[nodiscard]] std::filesystem::path data_file() const {
    for (const std::string& name : files()) {
      if (name.starts_with("evo_") && !name.ends_with(".ctl") && !name.ends_with(".meta")) {
        return path_ / name;
      }
    }
    throw std::runtime_error("no data file in the test's domain");
  }

 private:
  /// EVO_TEST_PARENT: of a runner that removes what crashed tests leave behind.
  static std::string parent() {
    if (const char* const given = std::getenv("EVO_TEST_PARENT")) return given;
    if (::access("/dev/shm", W_OK) == 0) return "/dev/shm";
    return std::filesystem::temp_directory_path();
  }

  std::filesystem::path path_;
};

}  // namespace evo::test
