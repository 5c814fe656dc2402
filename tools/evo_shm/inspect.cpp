/// `evo-shm inspect NAME [--hex]`: everything about one segment and its last value.
#include <fmt/format.h>

#include <algorithm>

#include "command.hpp"
#include "look/segment_look.hpp"
#include "look/words.hpp"
#include "text/duration.hpp"
#include "text/hex.hpp"
#include "text/table.hpp"

namespace evo::tools {

namespace {

struct InspectOptions {
  std::string segment;
  bool hex = false;
  std::string rate_over = "200ms";
};

void declare(CLI::App& command, InspectOptions& options) {
  add_segment(command, options.segment);
  command.add_flag("--hex", options.hex, "The value's bytes too");
  command
      .add_option("--rate-over", options.rate_over,
                  "How long to count publishes for the rate; 0s: not at all")
      ->check(duration_validator())
      ->capture_default_str();
}

std::string limit_of(const LayoutField& declared) {
  if (declared.minimum.empty() && declared.maximum.empty()) return "";
  return fmt::format("{}..{}", declared.minimum, declared.maximum);
}

/// "label        text", a line of the head.
class Head {
 public:
  void add(std::string_view label, const std::string& text) {
    if (!text.empty()) text_ += fmt::format("{:<12} {}\n", label, text);
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string promised(const SegmentLayout& layout) {
  std::string text;
  if (layout.period_ns != 0) {
    text = "every " + in_words(std::chrono::nanoseconds(layout.period_ns));
  }
  if (layout.max_age_ns != 0) {
    text += (text.empty() ? "" : ", ") +
            ("stale after " + in_words(std::chrono::nanoseconds(layout.max_age_ns)));
  }
  return text;
}

std::string head_of(const SegmentLook& look, const ValueLook& value, std::optional<double> rate,
                    const Context& context) {
  const SegmentInfo& info = look.info();
  const SegmentLayout& layout = info.layout;
  Head head;
  head.add("segment",
           fmt::format("{}, {}", info.name,
                       coloured(colour_of_state(info), state_of(info), context.colours)));
  head.add("", info.fault);
  head.add("writer", fmt::format("{}{}", writer_of(info),
                                 info.module.empty() ? "" : ", module " + info.module));
  head.add("", info.writer_executable);
  head.add("started", fmt::format("{}, incarnation {}",
                                  time_of_day(info.writer_started_realtime_ns), info.incarnation));
  head.add("readers", fmt::format("{} of {}", info.readers.size(), info.reader_limit));
  head.add("memory", size_in_words(info.memory));
  if (info.condition != SegmentCondition::Sound) return head.text();
  head.add("kind", layout.kind == Kind::Stream
                       ? fmt::format("stream of {} values, {}", layout.capacity(),
                                     layout.overflow == Overflow::Block ? "block" : "overwrite")
                       : fmt::format("state in {} slots", layout.capacity()));
  head.add(
      "payload",
      fmt::format("{} bytes at {}, slots {} bytes apart", layout.geometry.payload_size,
                  layout.slots_offset + layout.geometry.payload_offset, layout.geometry.stride));
  head.add("schema", look.fields() ? fmt::format("{} {}.{}", look.fields()->layout().struct_name,
                                                 layout.version.major, layout.version.minor)
                                   : "none that can be used");
  head.add("schema id", layout.schema_id.hex());
  head.add("promised", promised(layout));
  head.add("published",
           fmt::format("{}{}", info.sequence, rate ? fmt::format(", {:.4g} a second", *rate) : ""));
  head.add("age", age_of(info));
  if (value.error) {
    head.add("value", fmt::format("none to read: {}", to_string(*value.error)));
  }
  return head.text();
}

std::string fields_of(const Fields& fields, const ValueLook& value, const Context& context) {
  Table table({{"FIELD"}, {"VALUE"}, {"UNIT"}, {"RANGE"}, {"TYPE"}, {"OFFSET", Align::Right}});
  for (const Field& field : fields.all()) {
    const bool wrong = fields.complaint(field, value.bytes).has_value();
    table.add({field.path,
               coloured(wrong ? Colour::Bad : Colour::Plain, fields.text(field, value.bytes),
                        context.colours) +
                   (wrong ? " !" : ""),
               field.declared->unit, limit_of(*field.declared), field.declared->type,
               std::to_string(field.offset)});
  }
  return table.text();
}

nlohmann::ordered_json document_of(const SegmentLook& look, const ValueLook& value,
                                   std::optional<double> rate, bool hex) {
  auto document = to_json(look.info());
  if (rate) document["rate_hz"] = *rate;
  if (look.fault()) document["schema_fault"] = look.fault()->message;
  if (value.error) document["read_error"] = to_string(*value.error);
  if (value.has_bytes() && !value.bytes.empty()) {
    if (value.info.stamp_ns != 0) document["stamp_ns"] = value.info.stamp_ns;
    if (look.fields()) {
      auto& fields = document["fields"] = nlohmann::ordered_json::array();
      for (const Field& field : look.fields()->all()) {
        nlohmann::ordered_json entry;
        entry["path"] = field.path;
        entry["value"] = look.fields()->json(field, value.bytes);
        entry["type"] = field.declared->type;
        if (!field.declared->unit.empty()) entry["unit"] = field.declared->unit;
        if (!field.declared->minimum.empty()) entry["min"] = field.declared->minimum;
        if (!field.declared->maximum.empty()) entry["max"] = field.declared->maximum;
        entry["offset"] = field.offset;
        fields.push_back(std::move(entry));
      }
    }
    if (hex) document["bytes"] = hex_digits(value.bytes);
  }
  return document;
}

ExitCode run(const InspectOptions& options, const Context& context) {
  auto look = SegmentLook::at(context.domain, options.segment);
  if (!look) return fail(look.error());
  std::optional<double> rate;
  const auto rate_over = *parse_duration(options.rate_over);
  const bool live = look->readable() && look->info().writer_state == WriterState::Alive;
  if (live && rate_over.count() != 0) {
    rate = measure_rate(*look, rate_over);
    if (auto again = look->refresh(); !again) return fail(again.error());
  }
  ValueLook value;
  if (look->readable()) value = look->value();
  if (context.json()) {
    print_json(document_of(*look, value, rate, options.hex));
  } else {
    std::string text = head_of(*look, value, rate, context);
    const bool there = value.has_bytes() && !value.bytes.empty();
    if (look->readable() && look->fault()) {
      text += fmt::format("\nnot decoded: {}\n", look->fault()->message);
    } else if (there && look->fields()) {
      text += '\n' + fields_of(*look->fields(), value, context);
    }
    const bool undecoded = there && !look->fields();
    if (there && (options.hex || undecoded)) text += '\n' + hex_dump(value.bytes);
    print_text(text);
  }
  const bool wrong = is_wrong(look->info()) || value.error == ReadError::ChecksumMismatch ||
                     (look->readable() && look->fault() && !look->reader().bfbs().empty());
  return wrong ? ExitCode::Wrong : ExitCode::Fine;
}

}  // namespace

void add_inspect(Commands& commands) {
  commands.add<InspectOptions>("inspect", "Everything about a segment, and its last value decoded",
                               declare, run);
}

}  // namespace evo::tools
