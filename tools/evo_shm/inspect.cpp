// SPDX-License-Identifier: Apache-2.0
/// `evo-shm inspect NAME [--hex]`: everything about one segment and its last value.
#include "command.hpp"
#include "inspect/description.hpp"
#include "inspect/inspected_segment.hpp"
#include "inspect/labels.hpp"
#include "text/duration.hpp"
#include "text/hex.hpp"

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

nlohmann::ordered_json document_of(const InspectedSegment& inspected, const InspectedValue& value,
                                   std::optional<double> rate, bool hex) {
  auto document = to_json(inspected.info());
  if (rate) document["rate_hz"] = *rate;
  if (inspected.fault()) document["schema_fault"] = inspected.fault()->message;
  if (value.error) document["read_error"] = to_string(*value.error);
  if (value.has_bytes() && !value.bytes.empty()) {
    if (value.info.stamp_ns != 0) document["stamp_ns"] = value.info.stamp_ns;
    if (inspected.fields()) {
      auto& fields = document["fields"] = nlohmann::ordered_json::array();
      for (const Field& field : inspected.fields()->all()) {
        nlohmann::ordered_json entry;
        entry["path"] = field.path;
        entry["value"] = inspected.fields()->json(field, value.bytes);
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
  auto inspected = InspectedSegment::at(context.domain, options.segment);
  if (!inspected) return fail(inspected.error());
  std::optional<double> rate;
  const auto rate_over = *parse_duration(options.rate_over);
  const bool live = inspected->readable() && inspected->info().writer_state == WriterState::Alive;
  if (live && rate_over.count() != 0) {
    rate = measure_rate(*inspected, rate_over);
    if (auto again = inspected->refresh(); !again) return fail(again.error());
  }
  InspectedValue value;
  if (inspected->readable()) value = inspected->value();
  if (context.json()) {
    print_json(document_of(*inspected, value, rate, options.hex));
  } else {
    print_text(describe(*inspected, value, rate,
                        {.hex = options.hex, .colours = context.colours, .width = context.width}));
  }
  if (inspected->info().condition == SegmentCondition::Unreadable ||
      inspected->info().condition == SegmentCondition::Incompatible) {
    return exit_code_of(reason_of(context.domain, inspected->info()).code);
  }
  const bool wrong =
      is_wrong(inspected->info()) || value.error == ReadError::ChecksumMismatch ||
      (inspected->readable() && inspected->fault() && !inspected->reader().bfbs().empty());
  return wrong ? ExitCode::Wrong : ExitCode::Fine;
}

}  // namespace

void add_inspect(Commands& commands) {
  commands
      .add<InspectOptions>("inspect", "Everything about a segment, and its last value decoded",
                           declare, run)
      ->alias("info");
}

}  // namespace evo::tools
