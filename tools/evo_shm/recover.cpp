// SPDX-License-Identifier: Apache-2.0
/// `evo-shm recover NAME [--dry-run] [--force]`: diagnosis, plan, action.
#include <fmt/format.h>

#include <algorithm>

#include "check/checks.hpp"
#include "command.hpp"
#include "decode/suggestion.hpp"
#include "evo/format.hpp"
#include "inspect/inspected_segment.hpp"
#include "inspect/labels.hpp"
#include "repair/recovery.hpp"
#include "text/table.hpp"

namespace evo::tools {

namespace {

struct RecoverOptions {
  std::string segment;
  bool dry_run = false;
  bool force = false;
};

void declare(CLI::App& command, RecoverOptions& options) {
  add_segment(command, options.segment)
      ->description("The segment's name, or that of a data file that no control file names");
  command.add_flag("--dry-run", options.dry_run, "Only say what is wrong and what would be done");
  command.add_flag(
      "--force", options.force,
      "Fence off even a live writer; its last value is lost, but the process keeps running");
}

struct Patient {
  SegmentInfo info;
  std::vector<Check> checks;
};

Result<Patient> look_at(const Domain& domain, const std::string& name) {
  // Only the listing finds a file that no control file names.
  auto segments = list_segments(domain);
  if (!segments) return tl::unexpected(segments.error());
  const auto found = std::ranges::find(*segments, name, &SegmentInfo::name);
  if (found != segments->end() && found->condition == SegmentCondition::Unclaimed) {
    Check header{"header", CheckResult::Wrong, "unclaimed: " + found->fault};
    return Patient{std::move(*found), {std::move(header)}};
  }
  auto inspected = InspectedSegment::at(domain, name);
  if (!inspected) return tl::unexpected(inspected.error());
  auto checks = check_segment(*inspected);
  return Patient{inspected->info(), std::move(checks)};
}

std::string text_of(const Patient& patient, const RecoveryPlan& plan, const Context& context) {
  std::string text =
      fmt::format("{}, {}\n\n", patient.info.name,
                  coloured(colour_of_state(patient.info), state_of(patient.info), context.colours));
  Table table({{"CHECK"}, {"RESULT"}, {"WHAT WAS FOUND", Align::Left, 0, Narrowing::Wrap}});
  for (const Check& check : patient.checks) {
    table.add({std::string(check.name),
               coloured(colour_of(check.result), to_string(check.result), context.colours),
               check.finding});
  }
  text += table.text(context.width) + '\n';
  if (plan.remedy == Remedy::Nothing) {
    return text + wrapped_text(plan.steps.front(), context.width);
  }
  if (plan.remedy == Remedy::Refuse) return text;
  text += "plan\n";
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    text += wrapped_text(fmt::format("  {}. {}", i + 1, plan.steps[i]), context.width, 5);
  }
  return text;
}

nlohmann::ordered_json document_of(const Patient& patient, const RecoveryPlan& plan, bool done) {
  nlohmann::ordered_json document;
  document["segment"] = patient.info.name;
  auto& diagnosis = document["diagnosis"] = nlohmann::ordered_json::array();
  for (const Check& check : patient.checks) {
    diagnosis.push_back(
        {{"check", check.name}, {"result", to_string(check.result)}, {"finding", check.finding}});
  }
  const bool planned = plan.remedy != Remedy::Nothing && plan.remedy != Remedy::Refuse;
  document["plan"] = planned ? plan.steps : std::vector<std::string>();
  document["done"] = done;
  return document;
}

ExitCode run(const RecoverOptions& options, const Context& context) {
  const auto patient = look_at(context.domain, options.segment);
  if (!patient) return fail(patient.error());
  const RecoveryPlan plan =
      plan_recovery(context.domain, patient->info, patient->checks, options.force);
  // Printed before the plan is carried out.
  if (!context.json()) print_text(text_of(*patient, plan, context));
  const bool act =
      !options.dry_run && plan.remedy != Remedy::Nothing && plan.remedy != Remedy::Refuse;
  Result<void> result;
  if (act) result = carry_out(context.domain, patient->info, plan);
  const bool done = act && result.has_value();
  if (context.json()) {
    print_json(document_of(*patient, plan, done));
  } else if (done) {
    print_text("done\n");
  }
  if (plan.remedy == Remedy::Refuse) return fail(exit_code_of(plan.refusal), plan.steps.front());
  return result ? ExitCode::Fine : fail(result.error());
}

}  // namespace

void add_recover(Commands& commands) {
  commands
      .add<RecoverOptions>("recover", "Find out what is wrong with a segment, and repair it",
                           declare, run)
      ->footer(
          "A segment whose writer is dead is removed, and its last value is lost; to keep it,\n"
          "restart the writer instead. Entries of dead readers need no repair: their locks are\n"
          "free.");
}

}  // namespace evo::tools
