#include "look/blueprint.hpp"

#include <sys/stat.h>

#include <cerrno>

namespace evo::tools {

Result<Blueprint> blueprint_of(const SegmentLook& look) {
  const SegmentLayout& layout = look.reader().layout();
  const std::string file = look.domain().path() / look.info().data_file;
  struct stat status {};
  if (::lstat(file.c_str(), &status) != 0) {
    return detail::fail_errno(errno, fmt::format("cannot inspect '{}'", file));
  }
  Blueprint blueprint{.name = look.info().name,
                      .module = look.info().module,
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
                      .bfbs = {look.reader().bfbs().begin(), look.reader().bfbs().end()}};
  for (const CompatibleEntry& entry : look.reader().compatible()) {
    CompatibleLayout earlier;
    earlier.id.bytes = entry.id;
    earlier.version = {entry.version_major, entry.version_minor};
    earlier.size = static_cast<std::uint32_t>(entry.size);
    earlier.field_count = entry.field_count;
    blueprint.compatible.push_back(earlier);
  }
  return blueprint;
}

ChannelDescription describe(const Blueprint& blueprint) {
  return {.name = blueprint.name,
          .owner = blueprint.module,
          .kind = blueprint.kind,
          .size = blueprint.size,
          .alignment = blueprint.alignment,
          .slots = blueprint.slots,
          .overflow = blueprint.overflow,
          .max_readers = blueprint.max_readers,
          .period = std::chrono::nanoseconds(blueprint.period_ns),
          .max_age = std::chrono::nanoseconds(blueprint.max_age_ns),
          .stamp = blueprint.stamped ? Stamp::Monotonic : Stamp::None,
          .checksum = blueprint.checksummed ? Checksum::Crc32c : Checksum::None,
          .access = blueprint.access,
          .version = blueprint.version,
          .schema_id = blueprint.schema_id,
          .compatible = blueprint.compatible,
          .fields = {},
          .bfbs = blueprint.bfbs};
}

}  // namespace evo::tools
