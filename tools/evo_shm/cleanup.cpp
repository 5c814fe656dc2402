// SPDX-License-Identifier: Apache-2.0
/// `evo-shm cleanup [--dry-run] [--grace 10s]`: one pass over the domain.
#include "evo/cleanup.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "command.hpp"
#include "evo/format.hpp"
#include "evo/text.hpp"
#include "inspect/labels.hpp"
#include "text/duration.hpp"
#include "text/table.hpp"
#include "text/terminal.hpp"

namespace evo::tools {

namespace {

struct CleanupOptions {
  bool dry_run = false;
  std::string grace = "10s";
};

void declare(CLI::App& command, CleanupOptions& options) {
  command.add_flag("--dry-run", options.dry_run, "Only say what would be done");
  command
      .add_option("--grace", options.grace,
                  "How long a dead writer's segment stays for its successor, from the first pass "
                  "that finds it")
      ->check(duration_validator())
      ->capture_default_str();
}

std::string former_writer_of(const CleanupItem& item) {
  if (item.writer_pid == 0) return "-";
  return fmt::format("pid {} ({})", item.writer_pid, file_name(item.writer_executable));
}

std::string reason_of(const CleanupItem& item) {
  if (item.action != CleanupAction::Waiting) return item.reason;
  return fmt::format("{}; the next cleanup after {} removes it", item.reason, in_words(item.left));
}

std::string text_of(const CleanupReport& report, const Context& context) {
  if (report.items.empty()) {
    return wrapped_text(fmt::format("nothing to clean up {}\n", in(context.domain)), context.width);
  }
  Table table({{"SEGMENT", Align::Left, 0, Narrowing::Cut},
               {"ACTION"},
               {"WRITER", Align::Left, 1},
               {"REASON", Align::Left, 0, Narrowing::Wrap}});
  for (const CleanupItem& item : report.items) {
    const Colour colour = item.action == CleanupAction::LeftAlone ? Colour::Warning : Colour::Plain;
    table.add({printable(item.name), coloured(colour, to_string(item.action), context.colours),
               former_writer_of(item), printable(reason_of(item))});
  }
  return table.text(context.width);
}

nlohmann::ordered_json document_of(const CleanupReport& report) {
  auto document = nlohmann::ordered_json::array();
  for (const CleanupItem& item : report.items) {
    nlohmann::ordered_json entry{
        {"segment", item.name}, {"action", to_string(item.action)}, {"reason", item.reason}};
    if (item.action == CleanupAction::Waiting) entry["left_ns"] = item.left.count();
    entry["writer"] = {{"pid", item.writer_pid}, {"executable", item.writer_executable}};
    document.push_back(std::move(entry));
  }
  return document;
}

ExitCode run(const CleanupOptions& options, const Context& context) {
  if (auto found = find_domain(context.domain); !found) return fail(found.error());
  const auto report = cleanup_orphaned_segments(
      context.domain, {.grace = *parse_duration(options.grace), .dry_run = options.dry_run});
  if (!report) return fail(report.error());
  if (context.json()) {
    print_json(document_of(*report));
  } else {
    print_text(text_of(*report, context));
  }
  const bool left = std::ranges::any_of(report->items, [](const CleanupItem& item) {
    return item.action == CleanupAction::LeftAlone;
  });
  return left ? ExitCode::Wrong : ExitCode::Fine;
}

}  // namespace

void add_cleanup(Commands& commands) {
  commands.add<CleanupOptions>(
      "cleanup", "Remove what dead writers left behind, after a grace period", declare, run);
}

}  // namespace evo::tools
