/// `evo-shm supervise`
#include <signal.h>

#include "command.hpp"
#include "supervisor/supervisor.hpp"

namespace evo::tools {

namespace {

struct SuperviseOptions {
  bool once = false;
  bool dry_run = false;
  bool simulate = false;
  double grace_s = 10;
  double scan_interval_s = 30;
  double simulation_interval_s = 5;
  std::string log_format = "text";
};

std::chrono::milliseconds milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

void declare(CLI::App& command, SuperviseOptions& arguments) {
  command.add_flag("--once", arguments.once, "One pass of cleaning, then end");
  command.add_flag("--dry-run", arguments.dry_run, "Remove nothing; only say what would go");
  command.add_flag("--simulate", arguments.simulate,
                   "Do without pidfds: look for deaths by scanning");
  const auto time = CLI::Range(0.0, 1e6);
  command
      .add_option("--grace", arguments.grace_s,
                  "Seconds that a dead writer's segment stays for its successor")
      ->check(time)
      ->capture_default_str();
  const auto interval = CLI::Range(0.01, 1e6);
  command
      .add_option("--scan-interval", arguments.scan_interval_s,
                  "Seconds between scans, behind the events")
      ->check(interval)
      ->capture_default_str();
  command
      .add_option("--simulation-interval", arguments.simulation_interval_s,
                  "Seconds between scans with --simulate, or where there are no pidfds")
      ->check(interval)
      ->capture_default_str();
  command.add_option("--log-format", arguments.log_format, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
}

ExitCode run(const SuperviseOptions& arguments, const Context& context) {
  sigset_t ends;
  ::sigemptyset(&ends);
  ::sigaddset(&ends, SIGTERM);
  ::sigaddset(&ends, SIGINT);
  ::sigprocmask(SIG_BLOCK, &ends, nullptr);
  ::signal(SIGPIPE, SIG_IGN);  // a log that nobody reads is no reason to stop cleaning
  SupervisorOptions options;
  options.domain = context.domain;
  options.policy.grace = milliseconds(arguments.grace_s);
  options.policy.dry_run = arguments.dry_run;
  options.scan_interval = milliseconds(arguments.scan_interval_s);
  options.simulation_interval = milliseconds(arguments.simulation_interval_s);
  options.use_pidfds = !arguments.simulate;
  Supervisor supervisor(
      options, EventLog(arguments.log_format == "json" ? LogFormat::Json : LogFormat::Text));
  const bool done = arguments.once ? supervisor.run_once() : supervisor.run();
  return done ? ExitCode::Fine : ExitCode::Wrong;
}

}  // namespace

void add_supervise(Commands& commands) {
  commands.add<SuperviseOptions>(
      "supervise", "Watch a domain: tell of every death, and clean up behind it", declare, run);
}

}  // namespace evo::tools
