// SPDX-License-Identifier: Apache-2.0
#include "repair/snapshot_lines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>

#include "evo/format.hpp"
#include "evo/schema_layout.hpp"
#include "evo/segment_paths.hpp"
#include "text/json_text.hpp"

namespace evo::tools {

namespace {

// Parsed into a sorted object, so that many members of a hostile file do not cost quadratic time.
using ParsedJson = nlohmann::json;

constexpr int kSnapshotFormat = 2;

/// Takes values out of a document, checks each one, and records the first invalid member.
class Reading {
 public:
  template <class T>
  void number(const ParsedJson& object, const char* key, T& out, std::uint64_t greatest,
              std::uint64_t least = 0) {
    static_assert(std::is_unsigned_v<T>);
    const ParsedJson* found = member(object, key);
    if (found != nullptr) out = element<T>(*found, key, greatest, least);
  }
  template <class T>
  T element(const ParsedJson& found, const char* key, std::uint64_t greatest,
            std::uint64_t least = 0) {
    const std::uint64_t most = std::min<std::uint64_t>(greatest, std::numeric_limits<T>::max());
    if (!found.is_number_unsigned() || found.get<std::uint64_t>() < least ||
        found.get<std::uint64_t>() > most) {
      complain(key);
      return T{};
    }
    return found.get<T>();
  }
  template <class Enum>
  void enumerator(const ParsedJson& object, const char* key, Enum& out, unsigned least) {
    unsigned value = least;
    number(object, key, value, least + 1U, least);
    out = static_cast<Enum>(value);
  }
  void flag(const ParsedJson& object, const char* key, bool& out) {
    unsigned value = 0;
    number(object, key, value, 1);
    out = value != 0;
  }
  void text(const ParsedJson& object, const char* key, std::string& out) {
    const ParsedJson* found = member(object, key);
    if (found == nullptr) return;
    if (!found->is_string()) return complain(key);
    out = found->get<std::string>();
  }
  void bytes(const ParsedJson& object, const char* key, std::vector<std::uint8_t>& out) {
    const ParsedJson* found = member(object, key);
    if (found == nullptr) return;
    if (!found->is_string()) return complain(key);
    auto decoded = from_base64(found->get_ref<const std::string&>());
    if (!decoded) return complain(key);
    out = std::move(*decoded);
  }
  void id(const ParsedJson& object, const char* key, SchemaId& out) {
    std::vector<std::uint8_t> found;
    bytes(object, key, found);
    if (found.size() != out.bytes.size()) return complain(key);
    std::ranges::copy(found, out.bytes.begin());
  }
  void version(const ParsedJson& object, LayoutVersion& out) {
    const ParsedJson& both = array(object, "version");
    if (both.size() != 2) return complain("version");
    out.major = element<std::uint16_t>(both[0], "version", UINT16_MAX);
    out.minor = element<std::uint16_t>(both[1], "version", UINT16_MAX);
  }
  const ParsedJson& array(const ParsedJson& object, const char* key) {
    static const ParsedJson kNone = ParsedJson::array();
    const ParsedJson* found = member(object, key);
    if (found == nullptr) return kNone;
    if (found->is_array()) return *found;
    complain(key);
    return kNone;
  }
  void complain(std::string what) {
    if (fault_.empty()) fault_ = std::move(what);
  }
  /// The first invalid member; empty if all are valid.
  [[nodiscard]] const std::string& fault() const { return fault_; }
  [[nodiscard]] tl::unexpected<Error> error() const {
    return make_error(ErrorCode::Corrupt, "'{}' is invalid", fault_);
  }

 private:
  const ParsedJson* member(const ParsedJson& object, const char* key) {
    if (object.is_object()) {
      if (const auto found = object.find(key); found != object.end()) return &*found;
    }
    complain(key);
    return nullptr;
  }

  std::string fault_;
};

void read_description(Reading& reading, const ParsedJson& object, OwnedDescription& description) {
  reading.text(object, "name", description.name);
  if (!validate_segment_name(description.name)) reading.complain("name");
  reading.text(object, "module", description.module);
  if (!validate_module_name(description.module)) reading.complain("module");
  reading.enumerator(object, "kind", description.kind, 1);
  reading.number(object, "size", description.size, kMaximumFileSize, 1);
  reading.number(object, "alignment", description.alignment, kCacheLine, 1);
  reading.number(object, "slots", description.slots, std::uint64_t{1} << 20, 2);
  reading.enumerator(object, "overflow", description.overflow, 0);
  reading.number(object, "max_readers", description.max_readers, kMaximumReaders, 1);
  constexpr auto kLongest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  reading.number(object, "period_ns", description.period_ns, kLongest);
  reading.number(object, "max_age_ns", description.max_age_ns, kLongest);
  reading.flag(object, "stamped", description.stamped);
  reading.flag(object, "checksummed", description.checksummed);
  reading.enumerator(object, "access", description.access, 0);
  reading.version(object, description.version);
  reading.id(object, "schema_id", description.schema_id);
  reading.bytes(object, "bfbs", description.bfbs);
  for (const ParsedJson& entry : reading.array(object, "compatible")) {
    CompatibleLayout layout;
    reading.id(entry, "id", layout.id);
    reading.version(entry, layout.version);
    reading.number(entry, "size", layout.size, kMaximumFileSize);
    reading.number(entry, "field_count", layout.field_count, UINT32_MAX);
    description.compatible.push_back(layout);
  }
}

/// Checks that concern several members.
void check_as_a_whole(Reading& reading, const OwnedDescription& description) {
  if (!description.bfbs.empty() && reading.fault().empty()) {
    const auto schema = read_schema(description.bfbs, description.name);
    if (!schema || schema->size != description.size) reading.complain("bfbs");
  }
  // Everything else that `create` requires of a description.
  if (reading.fault().empty() && !plan_layout(describe(description))) {
    reading.complain("size");
  }
}

ParsedJson parse_object(std::string_view line) {
  return ParsedJson::parse(line, nullptr, false);
}

/// Removes `before` and a number from the line. Values are parsed as they are written, without a
/// JSON parser, which would hold several copies of a long one.
bool take_number(std::string_view& line, std::string_view before, std::uint64_t& out) {
  if (!line.starts_with(before)) return false;
  const char* const begin = line.data() + before.size();
  const auto [end, error] = std::from_chars(begin, line.data() + line.size(), out);
  if (error != std::errc()) return false;
  line.remove_prefix(static_cast<std::size_t>(end - line.data()));
  return true;
}

}  // namespace

std::string first_line() {
  return fmt::format("{{\"evo_snapshot\":{}}}\n", kSnapshotFormat);
}

std::string segment_line(const OwnedDescription& description) {
  nlohmann::ordered_json document{
      {"name", description.name},
      {"module", description.module},
      {"kind", static_cast<unsigned>(description.kind)},
      {"size", description.size},
      {"alignment", description.alignment},
      {"slots", description.slots},
      {"overflow", static_cast<unsigned>(description.overflow)},
      {"max_readers", description.max_readers},
      {"period_ns", description.period_ns},
      {"max_age_ns", description.max_age_ns},
      {"stamped", static_cast<unsigned>(description.stamped)},
      {"checksummed", static_cast<unsigned>(description.checksummed)},
      {"access", static_cast<unsigned>(description.access)},
      {"version", {description.version.major, description.version.minor}},
      {"schema_id", base64(description.schema_id.bytes)},
      {"bfbs", base64(description.bfbs)},
      {"compatible", nlohmann::ordered_json::array()}};
  for (const CompatibleLayout& layout : description.compatible) {
    document["compatible"].push_back({{"id", base64(layout.id.bytes)},
                                      {"version", {layout.version.major, layout.version.minor}},
                                      {"size", layout.size},
                                      {"field_count", layout.field_count}});
  }
  // If a name is not UTF-8, the line cannot be read back, but no exception is thrown.
  return json_text(document) + '\n';
}

std::string value_line(std::uint64_t sequence, std::uint64_t stamp_ns,
                       std::span<const std::uint8_t> bytes) {
  std::string line =
      fmt::format("{{\"sequence\":{},\"stamp_ns\":{},\"value\":\"", sequence, stamp_ns);
  constexpr std::string_view kEnd = "\"}\n";
  line.reserve(line.size() + base64_size(bytes.size()) + kEnd.size());
  append_base64(line, bytes);
  line += kEnd;
  return line;
}

std::string end_line(const SegmentEnd& end) {
  return fmt::format("{{\"values\":{},\"crc32c\":{}}}\n", end.values, end.crc);
}

std::string last_line(std::uint64_t segments) {
  return fmt::format("{{\"segments\":{}}}\n", segments);
}

Result<void> parse_first_line(std::string_view line) {
  const ParsedJson object = parse_object(line);
  const auto format = object.is_object() ? object.find("evo_snapshot") : object.end();
  if (!object.is_object() || format == object.end() || !format->is_number_integer()) {
    return make_error(ErrorCode::Corrupt, "line 1 does not contain 'evo_snapshot'");
  }
  if (*format == kSnapshotFormat) return {};
  return make_error(
      ErrorCode::FormatMismatch,
      "the snapshot has format {}, this build reads format {}; use the evo-shm that wrote it",
      format->dump(), kSnapshotFormat);
}

Result<OwnedDescription> parse_segment_line(std::string_view line) {
  Reading reading;
  OwnedDescription description;
  read_description(reading, parse_object(line), description);
  check_as_a_whole(reading, description);
  if (!reading.fault().empty()) return reading.error();
  return description;
}

Result<SavedValue> parse_value_line(std::string_view line, const OwnedDescription& description) {
  SavedValue value;
  const auto bad = [](std::string_view what) {
    return make_error(ErrorCode::Corrupt, "'{}' is invalid", what);
  };
  if (!take_number(line, R"({"sequence":)", value.sequence)) return bad("sequence");
  if (!take_number(line, R"(,"stamp_ns":)", value.stamp_ns)) return bad("stamp_ns");
  constexpr std::string_view kBefore = R"(,"value":")";
  constexpr std::string_view kAfter = R"("})";
  if (!line.starts_with(kBefore) || !line.ends_with(kAfter)) return bad("value");
  line.remove_prefix(kBefore.size());
  // Checked before memory is allocated.
  if (line.size() != base64_size(description.size) + kAfter.size()) return bad("value");
  auto bytes = from_base64(line.substr(0, line.size() - kAfter.size()));
  if (!bytes || bytes->size() != description.size) return bad("value");
  value.bytes = std::move(*bytes);
  return value;
}

Result<SegmentEnd> parse_end_line(std::string_view line) {
  Reading reading;
  SegmentEnd end;
  const ParsedJson object = parse_object(line);
  reading.number(object, "values", end.values, UINT64_MAX);
  reading.number(object, "crc32c", end.crc, UINT32_MAX);
  if (!reading.fault().empty()) return reading.error();
  return end;
}

Result<std::uint64_t> parse_last_line(std::string_view line) {
  Reading reading;
  std::uint64_t segments = 0;
  reading.number(parse_object(line), "segments", segments, UINT64_MAX);
  if (!reading.fault().empty()) return reading.error();
  return segments;
}

bool is_end_line(std::string_view line) {
  return line.starts_with("{\"values\":");
}

bool is_last_line(std::string_view line) {
  return line.starts_with("{\"segments\":");
}

}  // namespace evo::tools
