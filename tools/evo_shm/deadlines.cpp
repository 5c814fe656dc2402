#include "deadlines.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>

namespace evo::tools {

namespace {

struct Unit {
  std::string_view name;
  std::int64_t nanoseconds;
};
constexpr std::array<Unit, 4> kUnits = {
    {{"ns", 1}, {"us", 1'000}, {"ms", 1'000'000}, {"s", 1'000'000'000}}};

/// "250us", as in a schema.
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  std::int64_t count = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || count < 0) return std::nullopt;
  const std::string_view unit(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
  for (const Unit& known : kUnits) {
    if (unit != known.name) continue;
    if (count > std::chrono::nanoseconds::max().count() / known.nanoseconds) return std::nullopt;
    return std::chrono::nanoseconds(count * known.nanoseconds);
  }
  return std::nullopt;
}

/// With three digits, in the largest unit that leaves something before the point.
std::string in_words(std::chrono::nanoseconds time) {
  if (time == std::chrono::nanoseconds::max()) return "more";
  for (auto unit = kUnits.rbegin(); unit != kUnits.rend(); ++unit) {
    if (time.count() < unit->nanoseconds) continue;
    return fmt::format("{:.4g} {}",
                       static_cast<double>(time.count()) / static_cast<double>(unit->nanoseconds),
                       unit->name);
  }
  return "0";
}

std::string limit_in_words(std::chrono::nanoseconds time, std::string_view otherwise) {
  return time == std::chrono::nanoseconds::zero() ? std::string(otherwise) : in_words(time);
}

void print_end(std::string_view role, const EndDeadlines& end) {
  fmt::print("{:<7} {:>8} {:<16} {:>12} {:>8} {:>8} {:>8} {:>10} {:>10} {:>10} {:>9} {:>9} {:>9}\n",
             role, end.pid, end.process_name, end.operations, end.late, end.slow, end.stale,
             in_words(end.longest_interval), in_words(end.longest_duration),
             in_words(end.greatest_age), in_words(end.jitter.percentile(50)),
             in_words(end.jitter.percentile(99)), in_words(end.jitter.percentile(99.9)));
}

void print_report(std::string_view segment, const DeadlineReport& report) {
  fmt::print("{}: deadline watch {} is {}; interval {}, write {}, read {}\n", segment,
             report.session, report.on ? "on" : "off",
             limit_in_words(report.options.deadline, "by the schema"),
             limit_in_words(report.options.write_deadline, "not judged"),
             limit_in_words(report.options.read_deadline, "not judged"));
  fmt::print("{:<7} {:>8} {:<16} {:>12} {:>8} {:>8} {:>8} {:>10} {:>10} {:>10} {:>9} {:>9} {:>9}\n",
             "end", "pid", "process", "operations", "late", "slow", "stale", "interval", "duration",
             "age", "jitter 50", "99", "99.9 %");
  print_end("writer", report.writer);
  for (const EndDeadlines& reader : report.readers) print_end("reader", reader);
}

int fail(const Error& error) {
  fmt::print(stderr, "evo-shm: {}\n", error);
  return 1;
}

int show(const std::string& segment, const Domain& domain) {
  const auto report = read_deadline_watch(domain, segment);
  if (!report) return fail(report.error());
  if (report->session == 0) {
    fmt::print("{}: no deadline watch was started; begin one with: evo-shm deadlines start {}\n",
               segment, segment);
    return 0;
  }
  print_report(segment, *report);
  return 0;
}

}  // namespace

void add_deadlines(CLI::App& app, DeadlinesArguments& arguments) {
  CLI::App* command = app.add_subcommand(
      "deadlines", "Have the ends of a running segment count what becomes of their deadlines");
  command->require_subcommand(1);
  const auto add = [&](const char* name, const char* what, DeadlinesAction action) {
    CLI::App* added = command->add_subcommand(name, what);
    added->add_option("segment", arguments.segment, "The segment's name")->required();
    added->callback([&arguments, action] { arguments.action = action; });
    return added;
  };
  CLI::App* start = add("start", "Begin to count, from zero", DeadlinesAction::Start);
  add("stop", "Count no more", DeadlinesAction::Stop);
  add("show", "Print what was counted", DeadlinesAction::Show);
  const CLI::Validator time(
      [](const std::string& text) {
        return parse_duration(text) ? std::string() : "a time is written as 250us, 1ms or 2s";
      },
      "TIME");
  start->add_option("--deadline", arguments.deadline, "Longest interval; 0ns: by the schema")
      ->check(time)
      ->capture_default_str();
  start->add_option("--write", arguments.write_deadline, "Longest write; 0ns: not judged")
      ->check(time)
      ->capture_default_str();
  start->add_option("--read", arguments.read_deadline, "Longest read; 0ns: not judged")
      ->check(time)
      ->capture_default_str();
}

int run_deadlines(const DeadlinesArguments& arguments, const Domain& domain) {
  if (arguments.action == DeadlinesAction::Show) return show(arguments.segment, domain);
  const auto done =
      arguments.action == DeadlinesAction::Stop
          ? stop_deadline_watch(domain, arguments.segment)
          : start_deadline_watch(domain, arguments.segment,
                                 {.deadline = *parse_duration(arguments.deadline),
                                  .write_deadline = *parse_duration(arguments.write_deadline),
                                  .read_deadline = *parse_duration(arguments.read_deadline)});
  return done ? 0 : fail(done.error());
}

}  // namespace evo::tools
