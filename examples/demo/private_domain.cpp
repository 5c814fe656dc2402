// SPDX-License-Identifier: Apache-2.0
#include "demo/private_domain.hpp"

#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace evo::machine {

namespace fs = std::filesystem;

tl::expected<PrivateDomain, std::string> PrivateDomain::make() {
  std::error_code no_directory;
  std::string problem;
  for (const fs::path& parent : {fs::path("/dev/shm"), fs::temp_directory_path(no_directory)}) {
    if (parent.empty()) continue;
    std::string pattern = (fs::absolute(parent) / "evo-demo-XXXXXX").string();
    if (::mkdtemp(pattern.data()) != nullptr) return PrivateDomain(pattern);
    problem += fmt::format("{}: {}; ", parent.string(), std::strerror(errno));
  }
  return tl::unexpected(fmt::format(
      "no place for the segments ({}set TMPDIR to a directory that can be written)", problem));
}

PrivateDomain::PrivateDomain(PrivateDomain&& other) noexcept
    : path_(std::exchange(other.path_, {})) {}

PrivateDomain::~PrivateDomain() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

std::vector<std::string> PrivateDomain::files() const {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(path_, error)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace evo::machine
