// SPDX-License-Identifier: Apache-2.0
/// `evo-shm diff NAME SCHEMA.fbs`
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "command.hpp"
#include "decode/schema_file.hpp"
#include "evo/format.hpp"
#include "inspect/inspected_segment.hpp"
#include "inspect/labels.hpp"

namespace evo::tools {

namespace {

struct DiffOptions {
  std::string segment;
  std::string schema;
  std::vector<std::string> includes;
};

void declare(CLI::App& command, DiffOptions& options) {
  add_segment(command, options.segment);
  command.add_option("schema", options.schema, "The schema file to compare with")
      ->required()
      ->type_name("SCHEMA.fbs");
  command.add_option("-I,--include", options.includes,
                     "Where to look up the schema's includes, besides its own directory");
}

/// Attributes that affect access in addition to the layout, and their defaults.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kBinding = {
    {{"kind", "state"}, {"overflow", "overwrite"}, {"stamp", "monotonic"}, {"checksum", "none"}}};

std::vector<std::string> differences(const SchemaLayout& file, const SchemaLayout& segment) {
  std::vector<std::string> lines;
  for (const auto& [name, silent] : kBinding) {
    const auto value_in = [&, name = name, silent = silent](const SchemaLayout& layout) {
      const std::string_view value = layout.attribute(name);
      return value.empty() ? silent : value;
    };
    if (value_in(file) != value_in(segment)) {
      lines.push_back(fmt::format("{}: {} in the segment, {} in this reader", name,
                                  value_in(segment), value_in(file)));
    }
  }
  // The same text as in the error for a reader that was built from this file.
  for (std::string& line : diff_schemas(file, segment)) lines.push_back(std::move(line));
  return lines;
}

ExitCode run(const DiffOptions& options, const Context& context) {
  const auto inspected = InspectedSegment::at(context.domain, options.segment);
  if (!inspected) return fail(inspected.error());
  if (!inspected->fields()) return fail(*inspected->fault());
  const auto bfbs = compile_schema(options.schema, options.includes);
  if (!bfbs) return fail(bfbs.error());
  const auto declared = segments_of(*bfbs);
  if (std::find(declared.begin(), declared.end(), options.segment) == declared.end()) {
    return fail(ExitCode::NotFound,
                fmt::format("'{}' declares no segment '{}'; it declares: {}", options.schema,
                            options.segment, fmt::join(declared, ", ")));
  }
  const auto file = read_schema(*bfbs, options.segment);
  if (!file) return fail(file.error());
  const auto lines = differences(*file, inspected->fields()->layout());
  if (context.json()) {
    nlohmann::ordered_json document;
    document["segment"] = options.segment;
    document["schema"] = options.schema;
    document["same"] = lines.empty();
    document["differences"] = lines;
    print_json(document);
  } else if (lines.empty()) {
    print_sentences(
        fmt::format("segment '{}' has the layout of {}\n", options.segment, options.schema),
        context);
  } else {
    const std::string text = fmt::format(
        "segment '{}' does not fit a reader built from {}:\n  segment: written "
        "by {}\n  - {}\n",
        options.segment, options.schema, writer_of(inspected->info()), fmt::join(lines, "\n  - "));
    print_text(wrapped_text(text, context.width, 4));
  }
  return lines.empty() ? ExitCode::Fine : ExitCode::Mismatch;
}

}  // namespace

void add_diff(Commands& commands) {
  commands.add<DiffOptions>("diff", "What differs between a segment and a schema file", declare,
                            run);
}

}  // namespace evo::tools
