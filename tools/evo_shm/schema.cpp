// SPDX-License-Identifier: Apache-2.0
/// `evo-shm schema NAME [--fbs]`
#include <fmt/format.h>

#include "command.hpp"
#include "decode/idl.hpp"
#include "evo/format.hpp"
#include "inspect/inspected_segment.hpp"
#include "text/json_member.hpp"
#include "text/table.hpp"

namespace evo::tools {

namespace {

struct SchemaOptions {
  std::string segment;
  bool fbs = false;
};

void declare(CLI::App& command, SchemaOptions& options) {
  add_segment(command, options.segment);
  command.add_flag("--fbs", options.fbs, "As a schema file that flatc and the generator accept");
}

nlohmann::ordered_json document_of(const InspectedSegment& inspected) {
  const SchemaLayout& layout = inspected.fields()->layout();
  nlohmann::ordered_json document;
  document["segment"] = inspected.info().name;
  document["struct"] = layout.struct_name;
  document["documentation"] = layout.documentation;
  document["schema_id"] = inspected.info().layout.schema_id.hex();
  for (const SegmentAttribute& attribute : layout.attributes) {
    document["attributes"][attribute.name] = attribute.value;
  }
  document["size"] = layout.size;
  document["alignment"] = layout.alignment;
  auto& fields = document["fields"] = nlohmann::ordered_json::array();
  for (const LayoutField& field : layout.fields) {
    fields.push_back({{"path", field.path},
                      {"offset", field.offset},
                      {"size", field.size},
                      {"type", field.type},
                      {"length", field.length},
                      {"unit", field.unit},
                      {"min", field.minimum},
                      {"max", field.maximum},
                      {"documentation", field.documentation}});
  }
  auto& values = document["enum_values"] = nlohmann::ordered_json::object();
  for (const LayoutEnumValue& value : layout.enum_values) {
    add_member(values, value.name, value.value);
  }
  return document;
}

std::string table_of(const InspectedSegment& inspected, std::size_t width) {
  const SchemaLayout& layout = inspected.fields()->layout();
  std::string text =
      wrapped_text(fmt::format("{}: {}\n", layout.struct_name, layout.documentation), width);
  for (const SegmentAttribute& attribute : layout.attributes) {
    text += wrapped_text(fmt::format("{:<12} {}\n", attribute.name, attribute.value), width, 13);
  }
  text += wrapped_text(
      fmt::format("{:<12} {} bytes, aligned to {}\n{:<12} {}\n\n", "size", layout.size,
                  layout.alignment, "schema id", inspected.info().layout.schema_id.hex()),
      width, 13);
  Table table({{"OFFSET", Align::Right, 1},
               {"SIZE", Align::Right, 2},
               {"FIELD", Align::Left, 0, Narrowing::Cut},
               {"TYPE", Align::Left, 4},
               {"UNIT", Align::Left, 3},
               {"WHAT IT IS", Align::Left, 0, Narrowing::Wrap}});
  for (const LayoutField& field : layout.fields) {
    table.add({std::to_string(field.offset), std::to_string(field.size),
               field.length == 0 ? field.path : fmt::format("{}[{}]", field.path, field.length),
               field.type, field.unit, field.documentation});
  }
  return text + table.text(width);
}

ExitCode run(const SchemaOptions& options, const Context& context) {
  const auto inspected = InspectedSegment::at(context.domain, options.segment);
  if (!inspected) return fail(inspected.error());
  if (!inspected->fields()) return fail(*inspected->fault());
  if (options.fbs) {
    const auto idl = write_idl(inspected->reader().bfbs(), options.segment);
    if (!idl) return fail(idl.error());
    print_text(*idl);
  } else if (context.json()) {
    print_json(document_of(*inspected));
  } else {
    print_text(table_of(*inspected, context.width));
  }
  return ExitCode::Fine;
}

}  // namespace

void add_schema(Commands& commands) {
  commands.add<SchemaOptions>("schema", "The fields of a segment, from its embedded schema",
                              declare, run);
}

}  // namespace evo::tools
