// SPDX-License-Identifier: Apache-2.0
/// `evo-shm doctor`: whether this computer is suitable for segments.
#include "command.hpp"
#include "doctor/computer_checks.hpp"
#include "text/table.hpp"
#include "text/terminal.hpp"

namespace evo::tools {

namespace {

struct DoctorOptions {};

ExitCode run(const DoctorOptions&, const Context& context) {
  const auto checks = examine_computer(context.domain);
  if (!checks) return fail(checks.error());
  bool wrong = false;
  Table table({{"CHECK"}, {"RESULT"}, {"WHAT WAS FOUND", Align::Left, 0, Narrowing::Wrap}});
  auto document = nlohmann::ordered_json::array();
  for (const Check& check : *checks) {
    wrong |= check.result == CheckResult::Wrong;
    table.add({std::string(check.name),
               coloured(colour_of(check.result), to_string(check.result), context.colours),
               check.finding});
    document.push_back(
        {{"check", check.name}, {"result", to_string(check.result)}, {"finding", check.finding}});
  }
  if (context.json()) {
    print_json(document);
  } else {
    print_text(table.text(context.width));
  }
  return wrong ? ExitCode::Wrong : ExitCode::Fine;
}

}  // namespace

void add_doctor(Commands& commands) {
  commands
      .add<DoctorOptions>("doctor", "Check the computer, the domain and this process's limits",
                          nullptr, run)
      ->footer("A warning is something that works, but not as well as it could.");
}

}  // namespace evo::tools
