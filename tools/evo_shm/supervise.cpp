#include "supervise.hpp"

#include <signal.h>

#include "supervisor/supervisor.hpp"

namespace evo::tools {

namespace {

std::chrono::milliseconds milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

}  // namespace

void add_supervise(CLI::App& app, SuperviseArguments& arguments) {
  CLI::App* command = app.add_subcommand(
      "supervise", "Watch a domain: tell of every death, and clean up behind it");
  command->add_flag("--once", arguments.once, "One pass of cleaning, then end");
  command->add_flag("--dry-run", arguments.dry_run, "Remove nothing; only say what would go");
  command->add_flag("--simulate", arguments.simulate,
                    "Do without pidfds: look for deaths by scanning");
  const auto time = CLI::Range(0.0, 1e6);
  command
      ->add_option("--grace", arguments.grace_s,
                   "Seconds that a dead writer's segment stays for its successor")
      ->check(time)
      ->capture_default_str();
  const auto interval = CLI::Range(0.01, 1e6);
  command
      ->add_option("--scan-interval", arguments.scan_interval_s,
                   "Seconds between scans, behind the events")
      ->check(interval)
      ->capture_default_str();
  command
      ->add_option("--simulation-interval", arguments.simulation_interval_s,
                   "Seconds between scans with --simulate, or where there are no pidfds")
      ->check(interval)
      ->capture_default_str();
  command->add_option("--log-format", arguments.log_format, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
}

int run_supervise(const SuperviseArguments& arguments, const Domain& domain) {
  sigset_t ends;
  ::sigemptyset(&ends);
  ::sigaddset(&ends, SIGTERM);
  ::sigaddset(&ends, SIGINT);
  ::sigprocmask(SIG_BLOCK, &ends, nullptr);
  ::signal(SIGPIPE, SIG_IGN);  // a log that nobody reads is no reason to stop cleaning
  SupervisorOptions options;
  options.domain = domain;
  options.policy.grace = milliseconds(arguments.grace_s);
  options.policy.dry_run = arguments.dry_run;
  options.scan_interval = milliseconds(arguments.scan_interval_s);
  options.simulation_interval = milliseconds(arguments.simulation_interval_s);
  options.use_pidfds = !arguments.simulate;
  Supervisor supervisor(
      options, EventLog(arguments.log_format == "json" ? LogFormat::Json : LogFormat::Text));
  return (arguments.once ? supervisor.run_once() : supervisor.run()) ? 0 : 1;
}

}  // namespace evo::tools
