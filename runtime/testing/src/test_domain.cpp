// SPDX-License-Identifier: Apache-2.0
#include "evo/testing/test_domain.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

namespace evo::testing {

namespace {

constexpr const char* kDomain = "EVO_DOMAIN";
constexpr const char* kCreationLimit = "EVO_MAX_CREATIONS_PER_SECOND";

std::optional<std::string> exchange_variable(const char* name,
                                             const std::optional<std::string>& value) {
  const char* found = ::getenv(name);
  std::optional<std::string> former;
  if (found != nullptr) former = found;
  if (value) {
    ::setenv(name, value->c_str(), 1);
  } else {
    ::unsetenv(name);
  }
  return former;
}

std::filesystem::path make_directory() {
  const bool has_tmpfs = ::access("/dev/shm", W_OK) == 0;
  const std::filesystem::path parent =
      has_tmpfs ? "/dev/shm" : std::filesystem::temp_directory_path();
  std::string pattern = parent / "evo-test-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) {
    throw std::runtime_error("TestDomain: cannot create a directory in " + parent.string());
  }
  return pattern;
}

}  // namespace

TestDomain::TestDomain()
    : path_(make_directory()),
      creator_(::getpid()),
      former_domain_(exchange_variable(kDomain, path_.string())),
      former_limit_(exchange_variable(kCreationLimit, "0")) {}

TestDomain::~TestDomain() {
  if (::getpid() != creator_) return;
  exchange_variable(kCreationLimit, former_limit_);
  exchange_variable(kDomain, former_domain_);
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::vector<std::string> TestDomain::files() const {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(path_)) {
    names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace evo::testing
