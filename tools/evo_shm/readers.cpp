// SPDX-License-Identifier: Apache-2.0
/// `evo-shm readers NAME`
#include "command.hpp"
#include "inspect/inspected_segment.hpp"
#include "inspect/labels.hpp"
#include "text/table.hpp"

namespace evo::tools {

namespace {

struct ReadersOptions {
  std::string segment;
};

void declare(CLI::App& command, ReadersOptions& options) {
  add_segment(command, options.segment);
}

ExitCode run(const ReadersOptions& options, const Context& context) {
  const auto info = inspect_segment(context.domain, options.segment);
  if (!info) return fail(with_suggestion(info.error(), context.domain, options.segment));
  if (!knows_readers(*info)) return fail(reason_of(context.domain, *info));
  if (context.json()) {
    auto document = nlohmann::ordered_json::array();
    for (const AttachedReader& reader : info->readers) document.push_back(to_json(reader));
    print_json(document);
    return ExitCode::Fine;
  }
  if (info->readers.empty()) {
    print_text("no process reads " + options.segment + '\n');
    return ExitCode::Fine;
  }
  Table table({{"ENTRY", Align::Right, 1},
               {"PID", Align::Right},
               {"PROCESS", Align::Left, 0, Narrowing::Cut},
               {"ATTACHED", Align::Left, 3},
               {"SLEEPING", Align::Left, 2},
               {"LAG", Align::Right}});
  for (const AttachedReader& reader : info->readers) {
    table.add({std::to_string(reader.index), std::to_string(reader.pid), reader.process_name,
               time_of_day(reader.attached_realtime_ns), reader.sleeping ? "yes" : "no",
               reader.lag ? std::to_string(*reader.lag) : "-"});
  }
  print_text(table.text(context.width));
  return ExitCode::Fine;
}

}  // namespace

void add_readers(Commands& commands) {
  commands.add<ReadersOptions>("readers", "The readers of a segment, and how far behind they are",
                               declare, run);
}

}  // namespace evo::tools
