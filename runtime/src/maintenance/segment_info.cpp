// SPDX-License-Identifier: Apache-2.0
#include "evo/segment_info.hpp"

#include <algorithm>
#include <unordered_set>

#include "attachment/control.hpp"
#include "attachment/data_file.hpp"
#include "evo/format.hpp"
#include "evo/segment_paths.hpp"
#include "maintenance/segment_inspection.hpp"
#include "system/domain_checks.hpp"
#include "system/domain_scan.hpp"

namespace evo {

namespace detail {

namespace {

/// Adds the data files that no control file names.
void add_unclaimed(std::vector<SegmentInfo>& segments, const Domain& domain,
                   const Inspector& inspector, std::vector<std::string> files) {
  std::unordered_set<std::string_view> claimed;
  claimed.reserve(segments.size());
  for (const SegmentInfo& info : segments) claimed.insert(info.data_file);
  std::erase_if(files, [&](const std::string& file) { return claimed.contains(file); });
  for (std::string& file : files) {
    if (!is_data_file_name(file)) continue;
    SegmentInfo info;
    auto opened = inspector.open(file, kWidestDataMode);
    // The listing is older: the file may have been removed since.
    if (!opened && opened.error().code == ErrorCode::NotFound) continue;
    const std::string path = domain.path() + "/" + file;
    if (is_claimed(domain, path)) continue;
    if (opened && !is_named(path, opened->device, opened->inode)) continue;
    info.name = std::move(file);
    if (!opened) {
      set_refusal(info, std::move(opened.error()));
    } else {
      info.memory = opened->allocated;
      info.condition = SegmentCondition::Unclaimed;
      info.fault =
          "no control file names it: its control file was removed while its writer was alive; stop "
          "the writer, then clean up (evo-shm cleanup)";
    }
    segments.push_back(std::move(info));
  }
}

}  // namespace

}  // namespace detail

std::string_view to_string(SegmentCondition condition) noexcept {
  switch (condition) {
    case SegmentCondition::Sound:
      return "Sound";
    case SegmentCondition::Unfinished:
      return "Unfinished";
    case SegmentCondition::Closed:
      return "Closed";
    case SegmentCondition::Removed:
      return "Removed";
    case SegmentCondition::Stale:
      return "Stale";
    case SegmentCondition::Foreign:
      return "Foreign";
    case SegmentCondition::Corrupt:
      return "Corrupt";
    case SegmentCondition::Incompatible:
      return "Incompatible";
    case SegmentCondition::Unreadable:
      return "Unreadable";
    case SegmentCondition::Unclaimed:
      return "Unclaimed";
  }
  return "?";
}

std::string_view to_string(Freshness freshness) noexcept {
  switch (freshness) {
    case Freshness::Unknown:
      return "Unknown";
    case Freshness::Fresh:
      return "Fresh";
    case Freshness::Late:
      return "Late";
    case Freshness::Stale:
      return "Stale";
  }
  return "?";
}

Result<std::vector<std::string>> list_segment_names(const Domain& domain) {
  if (auto valid = detail::validate(domain); !valid) return tl::unexpected(valid.error());
  auto files = detail::scan(domain);
  if (!files) return tl::unexpected(files.error());
  return std::move(files->segments);
}

Result<std::vector<SegmentInfo>> list_segments(const Domain& domain) {
  if (auto valid = detail::validate(domain); !valid) return tl::unexpected(valid.error());
  auto files = detail::scan(domain);
  if (!files) return tl::unexpected(files.error());
  std::vector<SegmentInfo> segments;
  segments.reserve(files->segments.size());
  const detail::Inspector inspector(domain);
  for (const std::string& name : files->segments) {
    if (auto info = inspector.inspect(name)) segments.push_back(std::move(*info));
  }
  detail::add_unclaimed(segments, domain, inspector, std::move(files->data));
  return segments;
}

Result<SegmentInfo> inspect_segment(const Domain& domain, std::string_view name) {
  if (auto valid = detail::validate(domain); !valid) return tl::unexpected(valid.error());
  if (auto valid = validate_segment_name(name); !valid) {
    return tl::unexpected(valid.error());
  }
  auto info = detail::Inspector(domain).inspect(name);
  if (info) return std::move(*info);
  return detail::segment_not_found(domain, name);
}

}  // namespace evo
