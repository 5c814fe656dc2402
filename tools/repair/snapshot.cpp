#include "repair/snapshot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "evo/detail/crc32c.hpp"
#include "evo/schema_layout.hpp"
#include "evo/segment_writer.hpp"
#include "evo/stream_segment_writer.hpp"
#include "repair/abandoned_writer.hpp"
#include "repair/own_process.hpp"
#include "text/base64.hpp"
#include "text/json_text.hpp"

namespace evo::tools {

namespace {

using Json = nlohmann::ordered_json;

constexpr int kSnapshotFormat = 1;

std::vector<std::uint8_t> octets(std::span<const std::byte> bytes) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  return {data, data + bytes.size()};
}

std::uint32_t checksum_of(const Json& segment) {
  const std::string text = segment.dump();
  return detail::crc32c(text.data(), text.size());
}

Json to_json(const SavedSegment& segment) {
  const Blueprint& blueprint = segment.blueprint;
  Json document{{"name", blueprint.name},
                {"module", blueprint.module},
                {"kind", static_cast<unsigned>(blueprint.kind)},
                {"size", blueprint.size},
                {"alignment", blueprint.alignment},
                {"slots", blueprint.slots},
                {"overflow", static_cast<unsigned>(blueprint.overflow)},
                {"max_readers", blueprint.max_readers},
                {"period_ns", blueprint.period_ns},
                {"max_age_ns", blueprint.max_age_ns},
                {"stamped", static_cast<unsigned>(blueprint.stamped)},
                {"checksummed", static_cast<unsigned>(blueprint.checksummed)},
                {"access", static_cast<unsigned>(blueprint.access)},
                {"version", {blueprint.version.major, blueprint.version.minor}},
                {"schema_id", base64(blueprint.schema_id.bytes)},
                {"bfbs", base64(blueprint.bfbs)},
                {"compatible", Json::array()},
                {"values", Json::array()}};
  for (const CompatibleLayout& layout : blueprint.compatible) {
    document["compatible"].push_back({{"id", base64(layout.id.bytes)},
                                      {"version", {layout.version.major, layout.version.minor}},
                                      {"size", layout.size},
                                      {"field_count", layout.field_count}});
  }
  for (const SavedValue& value : segment.values) {
    document["values"].push_back({{"sequence", value.sequence},
                                  {"stamp_ns", value.stamp_ns},
                                  {"value", base64(value.bytes)}});
  }
  document["crc32c"] = checksum_of(document);
  return document;
}

/// Takes values out of a document, each checked, and remembers the first that is not as it must be.
class Reading {
 public:
  template <class T>
  void number(const Json& object, const char* key, T& out, std::uint64_t greatest,
              std::uint64_t least = 0) {
    static_assert(std::is_unsigned_v<T>);
    const Json* found = member(object, key);
    if (found != nullptr) out = element<T>(*found, key, greatest, least);
  }
  template <class T>
  T element(const Json& found, const char* key, std::uint64_t greatest, std::uint64_t least = 0) {
    const std::uint64_t most = std::min<std::uint64_t>(greatest, std::numeric_limits<T>::max());
    if (!found.is_number_unsigned() || found.get<std::uint64_t>() < least ||
        found.get<std::uint64_t>() > most) {
      complain(key);
      return T{};
    }
    return found.get<T>();
  }
  template <class Enum>
  void enumerator(const Json& object, const char* key, Enum& out, unsigned least) {
    unsigned value = least;
    number(object, key, value, least + 1U, least);
    out = static_cast<Enum>(value);
  }
  void flag(const Json& object, const char* key, bool& out) {
    unsigned value = 0;
    number(object, key, value, 1);
    out = value != 0;
  }
  void text(const Json& object, const char* key, std::string& out) {
    const Json* found = member(object, key);
    if (found == nullptr) return;
    if (!found->is_string()) return complain(key);
    out = found->get<std::string>();
  }
  void bytes(const Json& object, const char* key, std::vector<std::uint8_t>& out) {
    std::string encoded;
    text(object, key, encoded);
    auto decoded = from_base64(encoded);
    if (!decoded) return complain(key);
    out = std::move(*decoded);
  }
  void id(const Json& object, const char* key, SchemaId& out) {
    std::vector<std::uint8_t> found;
    bytes(object, key, found);
    if (found.size() != out.bytes.size()) return complain(key);
    std::ranges::copy(found, out.bytes.begin());
  }
  void version(const Json& object, LayoutVersion& out) {
    const Json& both = array(object, "version");
    if (both.size() != 2) return complain("version");
    out.major = element<std::uint16_t>(both[0], "version", UINT16_MAX);
    out.minor = element<std::uint16_t>(both[1], "version", UINT16_MAX);
  }
  const Json& array(const Json& object, const char* key) {
    static const Json kNone = Json::array();
    const Json* found = member(object, key);
    if (found == nullptr) return kNone;
    if (found->is_array()) return *found;
    complain(key);
    return kNone;
  }
  void complain(std::string what) {
    if (fault_.empty()) fault_ = std::move(what);
  }
  /// The member that is not as it must be; empty if all are.
  [[nodiscard]] const std::string& fault() const { return fault_; }

 private:
  const Json* member(const Json& object, const char* key) {
    if (object.is_object()) {
      if (const auto found = object.find(key); found != object.end()) return &*found;
    }
    complain(key);
    return nullptr;
  }

  std::string fault_;
};

void read_blueprint(Reading& reading, const Json& object, Blueprint& blueprint) {
  reading.text(object, "name", blueprint.name);
  if (!detail::validate_segment_name(blueprint.name)) reading.complain("name");
  reading.text(object, "module", blueprint.module);
  if (!detail::validate_module_name(blueprint.module)) reading.complain("module");
  reading.enumerator(object, "kind", blueprint.kind, 1);
  reading.number(object, "size", blueprint.size, kMaximumFileSize, 1);
  reading.number(object, "alignment", blueprint.alignment, 32, 1);
  reading.number(object, "slots", blueprint.slots, std::uint64_t{1} << 20, 2);
  reading.enumerator(object, "overflow", blueprint.overflow, 0);
  reading.number(object, "max_readers", blueprint.max_readers, kMaximumReaders, 1);
  constexpr auto kLongest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  reading.number(object, "period_ns", blueprint.period_ns, kLongest);
  reading.number(object, "max_age_ns", blueprint.max_age_ns, kLongest);
  reading.flag(object, "stamped", blueprint.stamped);
  reading.flag(object, "checksummed", blueprint.checksummed);
  reading.enumerator(object, "access", blueprint.access, 0);
  reading.version(object, blueprint.version);
  reading.id(object, "schema_id", blueprint.schema_id);
  reading.bytes(object, "bfbs", blueprint.bfbs);
  for (const Json& entry : reading.array(object, "compatible")) {
    CompatibleLayout layout;
    reading.id(entry, "id", layout.id);
    reading.version(entry, layout.version);
    reading.number(entry, "size", layout.size, kMaximumFileSize);
    reading.number(entry, "field_count", layout.field_count, UINT32_MAX);
    blueprint.compatible.push_back(layout);
  }
}

Result<SavedSegment> read_segment(const Json& object) {
  Reading reading;
  SavedSegment segment;
  read_blueprint(reading, object, segment.blueprint);
  for (const Json& entry : reading.array(object, "values")) {
    SavedValue& value = segment.values.emplace_back();
    reading.number(entry, "sequence", value.sequence, UINT64_MAX);
    reading.number(entry, "stamp_ns", value.stamp_ns, UINT64_MAX);
    reading.bytes(entry, "value", value.bytes);
    if (value.bytes.size() != segment.blueprint.size) reading.complain("value");
  }
  const std::size_t most =
      segment.blueprint.kind == Kind::State ? 1 : std::size_t{segment.blueprint.slots};
  if (segment.values.size() > most) reading.complain("values");
  std::uint32_t checksum = 0;
  reading.number(object, "crc32c", checksum, UINT32_MAX);
  // Of what was understood, which is all that counts.
  if (reading.fault().empty() && to_json(segment)["crc32c"] != checksum) {
    reading.complain("crc32c");
  }
  if (!segment.blueprint.bfbs.empty() && reading.fault().empty()) {
    const auto schema = read_schema(segment.blueprint.bfbs, segment.blueprint.name);
    if (!schema || schema->size != segment.blueprint.size) reading.complain("bfbs");
  }
  // Everything else that `create` asks of a description.
  if (reading.fault().empty() && !detail::plan_layout(describe(segment.blueprint))) {
    reading.complain("size");
  }
  if (reading.fault().empty()) return segment;
  return detail::fail(ErrorCode::Corrupt,
                      "the snapshot is damaged: '{}' of segment '{}' is not what was saved; use "
                      "another one",
                      reading.fault(), segment.blueprint.name);
}

tl::unexpected<Error> no_snapshot(std::string_view why) {
  return detail::fail(ErrorCode::Corrupt,
                      "this is no snapshot: {}; make one with evo-shm snapshot "
                      "save",
                      why);
}

template <class Writer, class Publish>
Result<void> fill(const SavedSegment& segment, const Domain& domain, Publish&& publish) {
  auto created = Writer::create(describe(segment.blueprint),
                                {.domain = domain, .on_orphan = OnOrphan::Replace});
  if (!created) return tl::unexpected(created.error());
  Writer& writer = abandon_at_exit(std::move(*created));
  for (const SavedValue& value : segment.values) {
    const WriteResult written = publish(writer, std::as_bytes(std::span(value.bytes)));
    if (!written) {
      return detail::fail(ErrorCode::SegmentBusy, "a value of segment '{}' was not published: {}",
                          segment.blueprint.name, to_string(written.error()));
    }
  }
  return {};
}

}  // namespace

Result<SavedSegment> save_segment(SegmentLook& look) {
  auto blueprint = blueprint_of(look);
  if (!blueprint) return tl::unexpected(blueprint.error());
  SavedSegment segment{.blueprint = std::move(*blueprint), .values = {}};
  ValueLook last = look.value();
  if (last.error == ReadError::NeverWritten) return segment;
  if (last.error) {
    return detail::fail(ErrorCode::Corrupt, "the last value of segment '{}' cannot be read: {}",
                        look.info().name, to_string(*last.error));
  }
  if (segment.blueprint.kind == Kind::Stream) {
    const SlotGeometry& geometry = look.reader().layout().geometry;
    std::vector<std::byte> bytes(last.bytes.size());
    for (std::uint64_t back = segment.blueprint.slots - 1; back > 0; --back) {
      // What was overwritten meanwhile, or never pushed, is not there.
      const std::uint64_t sequence = geometry.before(last.info.sequence, back);
      const auto info = look.read_at(sequence, bytes);
      if (info && sequence != 0) {
        segment.values.push_back({sequence, info->stamp_ns, octets(bytes)});
      }
    }
  }
  segment.values.push_back({last.info.sequence, last.info.stamp_ns, octets(last.bytes)});
  return segment;
}

std::string to_text(const std::vector<SavedSegment>& segments) {
  Json document{{"evo_snapshot", kSnapshotFormat}, {"segments", Json::array()}};
  for (const SavedSegment& segment : segments) document["segments"].push_back(to_json(segment));
  return json_text(document, 1) + '\n';
}

Result<std::vector<SavedSegment>> read_snapshot(std::string_view text) {
  const Json document = Json::parse(text, nullptr, false);
  if (document.is_discarded() || !document.is_object()) return no_snapshot("it is no JSON object");
  const auto format = document.find("evo_snapshot");
  if (format == document.end()) return no_snapshot("it does not say evo_snapshot");
  if (*format != kSnapshotFormat) {
    return detail::fail(ErrorCode::FormatMismatch,
                        "the snapshot is of another format, this build reads {}; use the evo-shm "
                        "that made it",
                        kSnapshotFormat);
  }
  const auto list = document.find("segments");
  if (list == document.end() || !list->is_array()) return no_snapshot("it lists no segments");
  std::vector<SavedSegment> segments;
  for (const Json& object : *list) {
    auto segment = read_segment(object);
    if (!segment) return tl::unexpected(segment.error());
    segments.push_back(std::move(*segment));
  }
  return segments;
}

Result<void> load_segment(const SavedSegment& segment, const Domain& domain) {
  return in_own_process([&]() -> Result<void> {
    if (segment.blueprint.kind == Kind::Stream) {
      return fill<StreamSegmentWriter>(
          segment, domain,
          [](StreamSegmentWriter& writer, auto value) { return writer.push(value); });
    }
    return fill<SegmentWriter>(
        segment, domain, [](SegmentWriter& writer, auto value) { return writer.write(value); });
  });
}

}  // namespace evo::tools
