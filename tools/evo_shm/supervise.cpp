// SPDX-License-Identifier: Apache-2.0
/// `evo-shm supervise`
#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <system_error>

#include "command.hpp"
#include "decode/scalar.hpp"
#include "decode/suggestion.hpp"
#include "supervisor/descriptor_limit.hpp"
#include "supervisor/supervisor.hpp"
#include "text/duration.hpp"

namespace evo::tools {

namespace {

struct SuperviseOptions {
  bool once = false;
  bool dry_run = false;
  bool simulate = false;
  std::string grace = "10s";
  std::string scan_interval = "30s";
  std::string simulation_interval = "5s";
  std::string log_format = "text";
  std::string command;
  std::vector<std::string> exec_on;
  std::string exec_interval = "1s";
  std::string exec_timeout = "30s";
};

constexpr std::chrono::seconds kLongestTime(1'000'000);

/// `10s`, as everywhere; or a number of seconds. Nothing if it is neither.
std::optional<std::chrono::nanoseconds> time_of(const std::string& text) {
  if (const auto time = parse_duration(text)) return time;
  const auto seconds = parse_number<double>(text);
  if (!seconds || !std::isfinite(*seconds) || *seconds < 0) return std::nullopt;
  // Limited before the conversion to an integer, whose range is a few centuries.
  const double most = static_cast<double>(kLongestTime.count()) + 1;
  return std::chrono::nanoseconds(std::llround(std::min(*seconds, most) * 1e9));
}

std::chrono::milliseconds milliseconds(const std::string& text) {
  return std::chrono::ceil<std::chrono::milliseconds>(*time_of(text));
}

CLI::Validator time_of_at_least(std::chrono::nanoseconds least) {
  return CLI::Validator(
      [least](const std::string& text) -> std::string {
        const auto time = time_of(text);
        if (!time)
          return "a time is written as 250ms or 10s; a number without a unit is in seconds";
        if (*time > kLongestTime) return "this is more than " + in_words(kLongestTime);
        return *time < least ? "this is less than " + in_words(least) : "";
      },
      "TIME");
}

CLI::Validator event_validator() {
  return CLI::Validator(
      [](const std::string& text) -> std::string {
        if (event_names().contains(text)) return "";
        const std::vector<std::string> names(event_names().begin(), event_names().end());
        return "there is no event '" + text + "'" +
               suggestion(text, names, "see docs/supervisor.md");
      },
      "EVENT");
}

void declare_hook(CLI::App& command, SuperviseOptions& arguments) {
  command.add_option("--exec", arguments.command,
                     "Run this with sh when something is wrong, with the events as JSON on its "
                     "stdin, one per line");
  command
      .add_option("--exec-on", arguments.exec_on,
                  "Run it for these events, instead of all warnings and errors")
      ->delimiter(',')
      ->check(event_validator())
      ->needs("--exec");
  command
      .add_option("--exec-interval", arguments.exec_interval,
                  "Minimum time between runs; the next one receives what happened in between")
      ->check(time_of_at_least(std::chrono::nanoseconds(0)))
      ->capture_default_str();
  command.add_option("--exec-timeout", arguments.exec_timeout, "Kill it after this time")
      ->check(time_of_at_least(std::chrono::milliseconds(10)))
      ->capture_default_str();
}

void declare(CLI::App& command, SuperviseOptions& arguments) {
  command.add_flag("--once", arguments.once, "Make one cleanup pass, then end");
  command.add_flag("--dry-run", arguments.dry_run,
                   "Remove nothing; only print what would be removed");
  command.add_flag("--simulate", arguments.simulate, "Do not use pidfds; find deaths by scanning");
  const auto time = time_of_at_least(std::chrono::nanoseconds(0));
  command
      .add_option("--grace", arguments.grace,
                  "How long a dead writer's segment stays for its successor")
      ->check(time)
      ->capture_default_str();
  const auto interval = time_of_at_least(std::chrono::milliseconds(10));
  command
      .add_option("--scan-interval", arguments.scan_interval,
                  "Time between the scans that back up the events")
      ->check(interval)
      ->capture_default_str();
  command
      .add_option("--simulation-interval", arguments.simulation_interval,
                  "Time between scans with --simulate, or where there are no pidfds")
      ->check(interval)
      ->capture_default_str();
  command.add_option("--log-format", arguments.log_format, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  declare_hook(command, arguments);
}

EventHookOptions hook_options(const SuperviseOptions& arguments, rlim_t former_limit) {
  return {.command = arguments.command,
          .events = {arguments.exec_on.begin(), arguments.exec_on.end()},
          .interval = *time_of(arguments.exec_interval),
          .timeout = *time_of(arguments.exec_timeout),
          .open_files = former_limit};
}

void prepare_signals() {
  sigset_t ends;
  ::sigemptyset(&ends);
  ::sigaddset(&ends, SIGTERM);
  ::sigaddset(&ends, SIGINT);
  ::sigaddset(&ends, SIGCHLD);  // of --exec
  ::sigprocmask(SIG_BLOCK, &ends, nullptr);
  ::signal(SIGCHLD, SIG_DFL);  // if inherited as ignored, no child could be waited for
  // A log that is not read, or that is too long, is not a reason to stop cleaning up.
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
}

SupervisorOptions supervisor_options(const SuperviseOptions& arguments, const Domain& domain) {
  SupervisorOptions options;
  options.domain = domain;
  options.policy.grace = *time_of(arguments.grace);
  options.policy.dry_run = arguments.dry_run;
  options.scan_interval = milliseconds(arguments.scan_interval);
  options.simulation_interval = milliseconds(arguments.simulation_interval);
  options.use_pidfds = !arguments.simulate;
  return options;
}

ExitCode run(const SuperviseOptions& arguments, const Context& context) {
  prepare_signals();
  const rlim_t former_limit = raise_descriptor_limit();
  SupervisorOptions options = supervisor_options(arguments, context.domain);
  const LogFormat format = arguments.log_format == "json" ? LogFormat::Json : LogFormat::Text;
  std::optional<EventHook> hook;
  if (!arguments.command.empty()) {
    hook.emplace(hook_options(arguments, former_limit));
    options.hook = &*hook;
    ::setenv("EVO_DOMAIN", context.domain.path().c_str(), 1);  // for evo-shm in that command
  }
  // A single pass waits until its lines are written; a daemon has other duties.
  const LogPace pace = arguments.once ? LogPace::InStep : LogPace::OnItsOwn;
  std::optional<EventLog> log;
  try {
    log.emplace(format, pace, [&](const Event& event) {
      if (hook) hook->offer(event);
    });
  } catch (const std::system_error& error) {
    return fail(ExitCode::Wrong, fmt::format("cannot start the thread that writes the log: {}; "
                                             "raise the limit on processes (ulimit -u)",
                                             error.code().message()));
  }
  Supervisor supervisor(options, *log);
  const bool done = arguments.once ? supervisor.run_once() : supervisor.run();
  if (hook) {
    hook->finish([&](std::string_view event, EventFields fields) {
      log->write("warning", event, std::move(fields));
    });
  }
  // The output of a single pass is on stdout alone; a daemon continues without its log.
  if (arguments.once && std::ferror(stdout) != 0) {
    return fail(ExitCode::Wrong, "cannot write the output, so what was done is not reported");
  }
  return done ? ExitCode::Fine : ExitCode::Wrong;
}

}  // namespace

void add_supervise(Commands& commands) {
  commands.add<SuperviseOptions>(
      "supervise", "Watch a domain: report every death, and clean up after it", declare, run);
}

}  // namespace evo::tools
