// SPDX-License-Identifier: Apache-2.0
/// `evo-shm validate [NAME]`
#include <fmt/format.h>

#include "check/checks.hpp"
#include "command.hpp"
#include "evo/format.hpp"
#include "inspect/inspected_segment.hpp"
#include "text/table.hpp"
#include "text/terminal.hpp"

namespace evo::tools {

namespace {

struct ValidateOptions {
  std::string segment;
};

void declare(CLI::App& command, ValidateOptions& options) {
  command.add_option("segment", options.segment, "Only this segment; otherwise all of the domain");
}

ExitCode run(const ValidateOptions& options, const Context& context) {
  if (auto found = find_domain(context.domain); !found) return fail(found.error());
  std::vector<std::string> names{options.segment};
  if (options.segment.empty()) {
    auto listed = list_segment_names(context.domain);
    if (!listed) return fail(listed.error());
    names = std::move(*listed);
  }
  bool wrong = false;
  bool incompatible = false;
  Table table({{"SEGMENT", Align::Left, 0, Narrowing::Cut},
               {"CHECK"},
               {"RESULT"},
               {"WHAT WAS FOUND", Align::Left, 0, Narrowing::Wrap}});
  auto document = nlohmann::ordered_json::array();
  for (const std::string& name : names) {
    auto inspected = InspectedSegment::at(context.domain, name);
    if (!inspected) {
      if (!options.segment.empty()) return fail(inspected.error());
      continue;  // removed since it was listed
    }
    incompatible |= inspected->info().condition == SegmentCondition::Incompatible;
    for (const Check& check : check_segment(*inspected)) {
      wrong |= check.result == CheckResult::Wrong;
      table.add({name, std::string(check.name),
                 coloured(colour_of(check.result), to_string(check.result), context.colours),
                 check.finding});
      document.push_back({{"segment", name},
                          {"check", check.name},
                          {"result", to_string(check.result)},
                          {"finding", check.finding}});
    }
  }
  if (context.json()) {
    print_json(document);
  } else if (table.empty()) {
    print_sentences(fmt::format("no segments {}\n", in(context.domain)), context);
  } else {
    print_text(table.text(context.width));
  }
  if (incompatible && !options.segment.empty()) return ExitCode::Mismatch;
  return wrong ? ExitCode::Wrong : ExitCode::Fine;
}

}  // namespace

void add_validate(Commands& commands) {
  commands.add<ValidateOptions>("validate", "Check headers, versions, checksums, ranges and locks",
                                declare, run);
}

}  // namespace evo::tools
