// SPDX-License-Identifier: Apache-2.0
#include "inspect/description.hpp"

#include <fmt/format.h>

#include "evo/text.hpp"
#include "inspect/labels.hpp"
#include "text/duration.hpp"
#include "text/hex.hpp"
#include "text/table.hpp"

namespace evo::tools {

namespace {

std::string limit_of(const LayoutField& declared) {
  if (declared.minimum.empty() && declared.maximum.empty()) return "";
  return fmt::format("{}..{}", declared.minimum, declared.maximum);
}

/// "label        text", a line of the head.
class Head {
 public:
  explicit Head(std::size_t width) : width_(width) {}

  void add(std::string_view label, const std::string& text) {
    if (!text.empty()) text_ += wrapped_text(fmt::format("{:<12} {}", label, text), width_, 13);
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::size_t width_;
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

std::string kind_in_words(const SegmentLayout& layout) {
  switch (layout.kind) {
    case Kind::Stream:
      return fmt::format("stream of {} values, {}", layout.capacity(),
                         layout.overflow == Overflow::Block ? "block" : "overwrite");
    case Kind::Link:
      return fmt::format("link with {} connections, each with two rings of {}", layout.capacity(),
                         size_in_words(layout.geometry.payload_size));
    case Kind::State:
      break;
  }
  return fmt::format("state in {} slots", layout.capacity());
}

std::string head_of(const InspectedSegment& inspected, const InspectedValue& value,
                    std::optional<double> rate, const DescriptionStyle& style) {
  const SegmentInfo& info = inspected.info();
  const SegmentLayout& layout = info.layout;
  Head head(style.width);
  head.add("segment", fmt::format("{}, {}", printable(info.name),
                                  coloured(colour_of_state(info), state_of(info), style.colours)));
  head.add("", printable(info.fault));
  head.add("writer", fmt::format("{}{}", writer_of(info),
                                 info.module.empty() ? "" : ", module " + info.module));
  head.add("", info.writer_executable);
  if (knows_readers(info)) {
    head.add("started",
             fmt::format("{}, incarnation {}", time_of_day(info.writer_started_realtime_ns),
                         info.incarnation));
    head.add("readers", fmt::format("{} of {}", info.readers.size(), info.reader_limit));
  }
  head.add("memory", info.memory == 0 ? "" : size_in_words(info.memory));
  if (info.condition != SegmentCondition::Sound) return head.text();
  head.add("kind", kind_in_words(layout));
  if (layout.kind == Kind::Link) {
    head.add("version", fmt::format("{}.{}", layout.version.major, layout.version.minor));
    head.add("schema id", layout.schema_id.hex());
    return head.text();
  }
  head.add(
      "payload",
      fmt::format("{} bytes at {}, slots {} bytes apart", layout.geometry.payload_size,
                  layout.slots_offset + layout.geometry.payload_offset, layout.geometry.stride));
  head.add("schema", inspected.fields()
                         ? fmt::format("{} {}.{}", inspected.fields()->layout().struct_name,
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

std::string fields_of(const Fields& fields, const InspectedValue& value,
                      const DescriptionStyle& style) {
  Table table({{"FIELD", Align::Left, 0, Narrowing::Cut},
               {"VALUE", Align::Left, 0, Narrowing::Wrap},
               {"UNIT", Align::Left, 4},
               {"RANGE", Align::Left, 3},
               {"TYPE", Align::Left, 2},
               {"OFFSET", Align::Right, 1}});
  for (const Field& field : fields.all()) {
    const bool wrong = fields.complaint(field, value.bytes).has_value();
    table.add({field.path,
               coloured(wrong ? Colour::Bad : Colour::Plain, fields.text(field, value.bytes),
                        style.colours) +
                   (wrong ? " !" : ""),
               field.declared->unit, limit_of(*field.declared), field.declared->type,
               std::to_string(field.offset)});
  }
  return table.text(style.width);
}

}  // namespace

std::string describe(const InspectedSegment& inspected, const InspectedValue& value,
                     std::optional<double> rate, const DescriptionStyle& style) {
  std::string text = head_of(inspected, value, rate, style);
  const bool there = value.has_bytes() && !value.bytes.empty();
  if (inspected.readable() && inspected.fault()) {
    text += '\n' + wrapped_text("not decoded: " + inspected.fault()->message, style.width);
  } else if (there && inspected.fields()) {
    text += '\n' + fields_of(*inspected.fields(), value, style);
  }
  const bool undecoded = there && !inspected.fields();
  if (there && (style.hex || undecoded)) text += '\n' + hex_dump(value.bytes);
  return text;
}

}  // namespace evo::tools
