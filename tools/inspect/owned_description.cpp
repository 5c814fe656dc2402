// SPDX-License-Identifier: Apache-2.0
#include "inspect/owned_description.hpp"

#include <sys/stat.h>

#include <cerrno>

#include "evo/format.hpp"

namespace evo::tools {

Result<OwnedDescription> describe_owned(const InspectedSegment& inspected) {
  const SegmentLayout& layout = inspected.reader().layout();
  const std::string file = inspected.domain().path() + "/" + inspected.info().data_file;
  struct stat status {};
  if (::lstat(file.c_str(), &status) != 0) {
    return make_system_error(errno, fmt::format("cannot inspect '{}'", file));
  }
  OwnedDescription description{
      .name = inspected.info().name,
      .module = inspected.info().module,
      .kind = layout.kind,
      .size = layout.geometry.payload_size,
      .alignment = layout.payload_alignment,
      .slots = layout.capacity(),
      .overflow = layout.overflow,
      .max_readers = layout.max_readers,
      .period_ns = layout.period_ns,
      .max_age_ns = layout.max_age_ns,
      .stamped = layout.geometry.stamped,
      .checksummed = layout.geometry.checksummed,
      .access = (status.st_mode & S_IRGRP) != 0 ? Access::Group : Access::Owner,
      .version = layout.version,
      .schema_id = layout.schema_id,
      .compatible = {},
      .bfbs = {inspected.reader().bfbs().begin(), inspected.reader().bfbs().end()}};
  for (const CompatibleEntry& entry : inspected.reader().compatible()) {
    CompatibleLayout earlier;
    earlier.id.bytes = entry.id;
    earlier.version = {entry.version_major, entry.version_minor};
    earlier.size = static_cast<std::uint32_t>(entry.size);
    earlier.field_count = entry.field_count;
    description.compatible.push_back(earlier);
  }
  return description;
}

ChannelDescription describe(const OwnedDescription& description) {
  return {.name = description.name,
          .owner = description.module,
          .kind = description.kind,
          .size = description.size,
          .alignment = description.alignment,
          .slots = description.slots,
          .overflow = description.overflow,
          .max_readers = description.max_readers,
          .period = std::chrono::nanoseconds(description.period_ns),
          .max_age = std::chrono::nanoseconds(description.max_age_ns),
          .stamp = description.stamped ? Stamp::Monotonic : Stamp::None,
          .checksum = description.checksummed ? Checksum::Crc32c : Checksum::None,
          .access = description.access,
          .version = description.version,
          .schema_id = description.schema_id,
          .compatible = description.compatible,
          .fields = {},
          .bfbs = description.bfbs};
}

}  // namespace evo::tools
