// SPDX-License-Identifier: Apache-2.0
#include "check/checks.hpp"

#include <fmt/format.h>

#include "evo/format.hpp"
#include "evo/text.hpp"
#include "inspect/labels.hpp"

namespace evo::tools {

namespace {

Check check_header(const SegmentInfo& info) {
  if (info.condition == SegmentCondition::Closed) return ok("header", info.fault);
  if (info.condition == SegmentCondition::Unfinished && !is_wrong(info)) {
    return {"header", CheckResult::Warning, info.fault};
  }
  if (info.condition != SegmentCondition::Sound) {
    return wrong("header", fmt::format("{}: {}", state_of(info), printable(info.fault)));
  }
  const SegmentLayout& layout = info.layout;
  return ok("header", fmt::format("{} of {} bytes, {} slots", kind_of(info),
                                  layout.geometry.payload_size, layout.geometry.count));
}

/// Reads each version once. Versions change during the scan, so only a state that no order of
/// publishes explains is an error: a slot that holds a publish of another slot, or one far from the
/// header's.
std::optional<std::string> find_odd_version(const PassiveReader& reader) {
  const SlotGeometry& geometry = reader.layout().geometry;
  const std::uint64_t before = reader.sequence();
  for (std::uint32_t i = 0; i < geometry.count; ++i) {
    const std::uint64_t version = reader.slot_version(i);
    if (version == kNeverFilled) continue;
    const std::uint64_t n = version / 2 + version % 2;
    if (geometry.index_of(n) != i) {
      return fmt::format("slot {} has version {}, which belongs in slot {}", i, version,
                         geometry.index_of(n));
    }
    const std::uint64_t after = reader.sequence();
    // A batch fills several slots ahead of the header. During a slow scan, any number of slots may
    // fall behind it.
    const bool ahead = geometry.is_after(n, after);
    if (ahead && geometry.distance(after, n) >= geometry.count) {
      return fmt::format("slot {} has version {}, but the header is at {}", i, version, 2 * after);
    }
    if (!ahead && geometry.is_after(before, n) && geometry.distance(n, before) > geometry.count) {
      return fmt::format("slot {} still has version {}, but the header is at {}", i, version,
                         2 * before);
    }
  }
  return std::nullopt;
}

Check check_versions(const InspectedSegment& inspected) {
  if (auto odd = find_odd_version(inspected.reader())) {
    return wrong("versions", *odd + "; restart the writer with on_orphan Replace");
  }
  return ok("versions", fmt::format("{} publishes", inspected.sequence()));
}

Check check_value(const InspectedSegment& inspected, const InspectedValue& value) {
  if (!value.error) {
    return ok("value", inspected.info().layout.geometry.checksummed
                           ? "its checksum matches"
                           : "complete; it has no checksum");
  }
  if (*value.error == ReadError::NeverWritten) return ok("value", "never written");
  if (*value.error == ReadError::ChecksumMismatch) {
    return wrong("value",
                 "its checksum does not match: another process wrote to it; find out which process "
                 "maps the data file writable");
  }
  return {"value", CheckResult::Warning,
          fmt::format("could not be read: {}; try again", to_string(*value.error))};
}

Check check_schema(const InspectedSegment& inspected) {
  if (inspected.fields()) return ok("schema", inspected.fields()->layout().struct_name);
  if (inspected.reader().bfbs().empty()) {
    return {"schema", CheckResult::Warning, inspected.fault()->message};
  }
  return wrong("schema", inspected.fault()->message);
}

Check check_ranges(const Fields& fields, const InspectedValue& value) {
  constexpr std::size_t kMost = 5;
  std::vector<std::string> complaints;
  std::size_t count = 0;
  for (const Field& field : fields.all()) {
    auto complaint = fields.complaint(field, value.bytes);
    if (complaint && ++count <= kMost) complaints.push_back(std::move(*complaint));
  }
  if (complaints.empty()) return ok("ranges", "every field within its limits");
  return wrong("ranges",
               fmt::format("{}{}", fmt::join(complaints, "; "),
                           count > kMost ? fmt::format("; and {} more", count - kMost) : ""));
}

Check check_freshness(const SegmentInfo& info) {
  switch (info.freshness) {
    case Freshness::Unknown:
      return ok("freshness", "the schema promises nothing, or nothing was written");
    case Freshness::Fresh:
      return ok("freshness", age_of(info));
    case Freshness::Late:
      return {"freshness", CheckResult::Warning, age_of(info) + ": more than two periods old"};
    case Freshness::Stale:
      break;
  }
  if (std::string future = future_stamp_of(info); !future.empty()) {
    return wrong("freshness", std::move(future));
  }
  return wrong("freshness", age_of(info) + ": older than max_age; check its writer");
}

Check check_locks(const SegmentInfo& info) {
  const std::string readers =
      fmt::format("{} of {} readers", info.readers.size(), info.reader_limit);
  switch (info.writer_state) {
    case WriterState::Alive:
      return ok("locks", fmt::format("{} writes, {}", writer_of(info), readers));
    case WriterState::Dead:
      return wrong("locks", fmt::format("{} is dead, {}; restart it, or run evo-shm recover {}",
                                        writer_of(info), readers, info.name));
    case WriterState::Closed:
    case WriterState::Detached:  // attached readers only
      break;
  }
  return ok("locks", fmt::format("its writer has closed it, {}", readers));
}

}  // namespace

std::string_view to_string(CheckResult result) noexcept {
  switch (result) {
    case CheckResult::Ok:
      return "ok";
    case CheckResult::Warning:
      return "warning";
    case CheckResult::Wrong:
      return "wrong";
  }
  return "?";
}

Colour colour_of(CheckResult result) noexcept {
  switch (result) {
    case CheckResult::Ok:
      return Colour::Good;
    case CheckResult::Warning:
      return Colour::Warning;
    case CheckResult::Wrong:
      break;
  }
  return Colour::Bad;
}

std::vector<Check> check_segment(InspectedSegment& inspected) {
  const SegmentInfo& info = inspected.info();
  std::vector<Check> checks{check_header(info)};
  if (knows_readers(info)) checks.push_back(check_locks(info));
  if (!inspected.readable()) return checks;
  checks.push_back(check_versions(inspected));
  checks.push_back(check_schema(inspected));
  const InspectedValue value = inspected.value();
  checks.push_back(check_value(inspected, value));
  if (inspected.fields() && value.has_bytes())
    checks.push_back(check_ranges(*inspected.fields(), value));
  checks.push_back(check_freshness(info));
  return checks;
}

}  // namespace evo::tools
