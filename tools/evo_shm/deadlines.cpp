// SPDX-License-Identifier: Apache-2.0
/// `evo-shm deadlines start|stop|show NAME`
#include "evo/deadline_watch.hpp"

#include <fmt/format.h>

#include "command.hpp"
#include "evo/format.hpp"
#include "inspect/inspected_segment.hpp"
#include "text/duration.hpp"
#include "text/table.hpp"

namespace evo::tools {

namespace {

struct DeadlinesOptions {
  std::string segment;
  std::string deadline = "0ns";
  std::string write_deadline = "1ms";
  std::string read_deadline = "100us";
};

std::string limit_in_words(std::chrono::nanoseconds time, std::string_view otherwise) {
  return time == std::chrono::nanoseconds::zero() ? std::string(otherwise) : in_words(time);
}

std::vector<std::string> row_of(std::string_view role, const EndDeadlines& end) {
  return {std::string(role),
          std::to_string(end.pid),
          end.process_name,
          std::to_string(end.operations),
          std::to_string(end.late),
          std::to_string(end.slow),
          std::to_string(end.stale),
          in_words(end.longest_interval),
          in_words(end.longest_duration),
          in_words(end.greatest_age),
          in_words(end.jitter.percentile(50)),
          in_words(end.jitter.percentile(99)),
          in_words(end.jitter.percentile(99.9))};
}

std::string table_of(std::string_view segment, const DeadlineReport& report, std::size_t width) {
  Table table({{"ENDPOINT"},
               {"PID", Align::Right},
               {"PROCESS", Align::Left, 0, Narrowing::Cut},
               {"OPERATIONS", Align::Right, 5},
               {"LATE", Align::Right},
               {"SLOW", Align::Right},
               {"STALE", Align::Right},
               {"INTERVAL", Align::Right, 7},
               {"DURATION", Align::Right, 6},
               {"AGE", Align::Right, 4},
               {"JITTER 50 %", Align::Right, 3},
               {"99 %", Align::Right, 2},
               {"99.9 %", Align::Right, 1}});
  table.add(row_of("writer", report.writer));
  for (const EndDeadlines& reader : report.readers) table.add(row_of("reader", reader));
  const std::string head = fmt::format(
      "{}: deadline watch {} is {}; interval {}, write {}, read {}", segment, report.session,
      report.on ? "on" : "off", limit_in_words(report.options.deadline, "from the schema"),
      limit_in_words(report.options.write_deadline, "not checked"),
      limit_in_words(report.options.read_deadline, "not checked"));
  return wrapped_text(head, width) + table.text(width);
}

nlohmann::ordered_json document_of(const EndDeadlines& end) {
  nlohmann::ordered_json object;
  object["pid"] = end.pid;
  object["process"] = end.process_name;
  object["operations"] = end.operations;
  object["late"] = end.late;
  object["slow"] = end.slow;
  object["stale"] = end.stale;
  object["longest_interval_ns"] = end.longest_interval.count();
  object["longest_duration_ns"] = end.longest_duration.count();
  object["greatest_age_ns"] = end.greatest_age.count();
  object["jitter_counts"] = end.jitter.counts;
  return object;
}

nlohmann::ordered_json document_of(const DeadlineReport& report) {
  nlohmann::ordered_json document;
  document["on"] = report.on;
  document["session"] = report.session;
  document["deadline_ns"] = report.options.deadline.count();
  document["write_deadline_ns"] = report.options.write_deadline.count();
  document["read_deadline_ns"] = report.options.read_deadline.count();
  document["writer"] = document_of(report.writer);
  auto& readers = document["readers"] = nlohmann::ordered_json::array();
  for (const EndDeadlines& reader : report.readers) readers.push_back(document_of(reader));
  return document;
}

ExitCode show(const DeadlinesOptions& options, const Context& context) {
  const auto report = read_deadline_watch(context.domain, options.segment);
  if (!report) return fail(with_suggestion(report.error(), context.domain, options.segment));
  if (context.json()) {
    print_json(document_of(*report));
  } else if (report->session == 0) {
    print_sentences(
        fmt::format("{}: no deadline watch was started; begin one with: evo-shm deadlines start "
                    "{}\n",
                    options.segment, options.segment),
        context);
  } else {
    print_text(table_of(options.segment, *report, context.width));
  }
  return ExitCode::Fine;
}

ExitCode end_of(const Result<void>& done, const DeadlinesOptions& options, const Context& context) {
  return done ? ExitCode::Fine
              : fail(with_suggestion(done.error(), context.domain, options.segment));
}

ExitCode start(const DeadlinesOptions& options, const Context& context) {
  const WatchOptions watch{.deadline = *parse_duration(options.deadline),
                           .write_deadline = *parse_duration(options.write_deadline),
                           .read_deadline = *parse_duration(options.read_deadline)};
  return end_of(start_deadline_watch(context.domain, options.segment, watch), options, context);
}

ExitCode stop(const DeadlinesOptions& options, const Context& context) {
  return end_of(stop_deadline_watch(context.domain, options.segment), options, context);
}

void declare(CLI::App& command, DeadlinesOptions& options) {
  add_segment(command, options.segment);
}

void declare_start(CLI::App& command, DeadlinesOptions& options) {
  declare(command, options);
  command.add_option("--deadline", options.deadline, "Longest interval; 0ns: from the schema")
      ->check(duration_validator())
      ->capture_default_str();
  command.add_option("--write", options.write_deadline, "Longest write; 0ns: not checked")
      ->check(duration_validator())
      ->capture_default_str();
  command.add_option("--read", options.read_deadline, "Longest read; 0ns: not checked")
      ->check(duration_validator())
      ->capture_default_str();
}

}  // namespace

void add_deadlines(Commands& commands) {
  CLI::App& group = commands.add_group(
      "deadlines", "Make the writer and readers of a running segment count missed deadlines");
  commands.add_to<DeadlinesOptions>(group, "start", "Start counting, from zero", declare_start,
                                    start);
  commands.add_to<DeadlinesOptions>(group, "stop", "Stop counting", declare, stop);
  commands.add_to<DeadlinesOptions>(group, "show", "Print the counts", declare, show);
}

}  // namespace evo::tools
