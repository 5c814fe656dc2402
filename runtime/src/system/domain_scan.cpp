// SPDX-License-Identifier: Apache-2.0
#include "system/domain_scan.hpp"

#include <dirent.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "evo/format.hpp"
#include "evo/segment_paths.hpp"

namespace evo::detail {

namespace {

constexpr std::string_view kPrefix = "evo_";
constexpr std::string_view kControlSuffix = ".ctl";

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

}  // namespace

std::string_view segment_of_control(std::string_view file) {
  if (!file.starts_with(kPrefix) || !file.ends_with(kControlSuffix)) return {};
  file.remove_prefix(kPrefix.size());
  file.remove_suffix(std::min(file.size(), kControlSuffix.size()));
  return is_segment_name(file) ? file : std::string_view();
}

Result<DomainFiles> scan(const Domain& domain) {
  DomainFiles files;
  const std::unique_ptr<DIR, CloseDirectory> directory(::opendir(domain.path().c_str()));
  if (directory == nullptr) {
    if (errno == ENOENT) return files;
    return make_system_error(errno, fmt::format("cannot list the domain '{}'", domain.path()),
                             domain.path());
  }
  errno = 0;
  while (const dirent* entry = ::readdir(directory.get())) {
    const std::string_view file(entry->d_name);
    if (!file.starts_with(kPrefix)) continue;
    if (const auto name = segment_of_control(file); !name.empty()) {
      files.segments.emplace_back(name);
    } else if (file.find('.') == file.npos) {
      files.data.emplace_back(file);
    }
    errno = 0;
  }
  if (errno != 0) {
    return make_system_error(errno, fmt::format("cannot list the domain '{}'", domain.path()),
                             domain.path());
  }
  std::sort(files.segments.begin(), files.segments.end());
  return files;
}

}  // namespace evo::detail
