// SPDX-License-Identifier: Apache-2.0
/// cell_demo: runs the machine cell in a domain of its own, kills hal_core halfway, and reports
/// whether the control loop held.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "common/arguments.hpp"
#include "common/log.hpp"
#include "common/stop_signal.hpp"
#include "demo/cell.hpp"
#include "demo/display.hpp"
#include "demo/monitor.hpp"
#include "demo/private_domain.hpp"
#include "demo/summary.hpp"
#include "evo/clock.hpp"
#include "evo/cycle.hpp"
#include "evo/format.hpp"
#include "recipe_executor/recipe.hpp"

namespace evo::machine {
namespace {

namespace fs = std::filesystem;
using cell::recipe::RecipeState;

struct DemoOptions {
  double seconds = 20;
  bool plain = false;
  bool real_time = true;
};

constexpr double kShortestSeconds = 5;
/// A cell that has not started or finished within this time (plus the recipe's time) never will.
constexpr std::uint64_t kPatienceNs = 30'000'000'000;

/// Runs the cell once.
class Run {
 public:
  Run(const DemoOptions& options, Cell& cell, Monitor& monitor, Display& display)
      : options_(options), cell_(cell), monitor_(monitor), display_(display) {}

  /// Runs until the recipe has finished. Returns an error on failure; a stop signal is not a
  /// failure.
  tl::expected<void, std::string> go() {
    started_ns_ = monotonic_ns();
    for (const Cycle& cycle : cycles(std::chrono::milliseconds(1), {}, stop_flag())) {
      monitor_.poll();
      if (auto done = step(cycle.began_ns()); !done) return done;
      if (result_.recipe_finished) break;
      if (!display_.alive()) return tl::unexpected<std::string>("the output is closed");
    }
    return {};
  }

  [[nodiscard]] RunResult take_result() { return std::move(result_); }

 private:
  tl::expected<void, std::string> step(std::uint64_t now_ns) {
    if (now_ns >= next_look_ns_) {
      next_look_ns_ = now_ns + 100'000'000;
      if (auto trouble = cell_.trouble()) return tl::unexpected(*trouble);
    }
    if (now_ns - started_ns_ > kPatienceNs + static_cast<std::uint64_t>(options_.seconds * 1e9)) {
      return tl::unexpected<std::string>(recipe_began_ns_ == 0
                                             ? "the cell did not come up"
                                             : "the recipe did not come to its end");
    }
    if (recipe_began_ns_ == 0) {
      start_recipe(now_ns);
      return {};
    }
    result_.seconds = static_cast<double>(now_ns - recipe_began_ns_) * 1e-9;
    if (!killed_ && result_.seconds >= options_.seconds / 2) {
      if (auto restarted = kill_hal_core(); !restarted) return restarted;
    }
    display_.show(monitor_, {result_.seconds, options_.seconds, killed_});
    result_.recipe_finished = monitor_.recipe_state() == RecipeState::Finished;
    return {};
  }

  void start_recipe(std::uint64_t now_ns) {
    if (!commanded_ && monitor_.cell_is_up()) {
      cell_.command("start");
      commanded_ = true;
    }
    if (monitor_.recipe_state() == RecipeState::Running) {
      recipe_began_ns_ = now_ns;
      monitor_.note_start();
    }
  }

  tl::expected<void, std::string> kill_hal_core() {
    killed_ = true;
    result_.kill_at_seconds = result_.seconds;
    monitor_.note_kill();
    return cell_.restart_hal_core();
  }

  const DemoOptions& options_;
  Cell& cell_;
  Monitor& monitor_;
  Display& display_;
  RunResult result_;
  std::uint64_t started_ns_ = 0;
  std::uint64_t next_look_ns_ = 0;
  std::uint64_t recipe_began_ns_ = 0;
  bool commanded_ = false;
  bool killed_ = false;
};

/// Prints the results of the run; returns the exit code.
int conclude(const Monitor& monitor, const RunResult& result, Display& display) {
  for (const std::string& line : summarize(monitor, result)) display.print(line);
  const std::vector<std::string> faults = judge(monitor, result);
  for (const std::string& fault : faults) display.print("  FAILED           " + fault);
  if (faults.empty()) display.print("  result           the loop held its setpoint");
  return faults.empty() && display.alive() ? EXIT_SUCCESS : EXIT_FAILURE;
}

void explain(const std::string& problem, const std::vector<ModuleReport>& modules,
             const std::vector<std::string>& monitor_log) {
  fmt::print(stderr, "cell_demo: {}\n", problem);
  for (const ModuleReport& module : modules) {
    for (const std::string& error : module.errors) fmt::print(stderr, "{}\n", error);
  }
  for (const std::string& line : monitor_log) fmt::print(stderr, "{}\n", line);
}

int run(const DemoOptions& options, const CellOptions& cell_options, const PrivateDomain& domain) {
  Display display(options.plain);
  display.print(fmt::format("domain {}", domain.path().string()));
  std::vector<std::string> monitor_log;
  const Log log("monitor", monitor_log);
  auto cell = Cell::start(cell_options);
  if (!cell) {
    explain(cell.error(), {}, {});
    return EXIT_FAILURE;
  }
  Monitor monitor(log, domain.domain());
  Run run(options, *cell, monitor, display);
  const auto done = run.go();
  RunResult result = run.take_result();
  result.modules = cell->stop();
  monitor.detach();  // the last reader to detach from a closed segment removes its control file
  result.leftovers = domain.files();
  if (stop_requested()) {
    fmt::print(stderr, "cell_demo: interrupted\n");
    return 128 + stop_signal();
  }
  if (!done) {
    explain(done.error(), result.modules, monitor_log);
    return EXIT_FAILURE;
  }
  return conclude(monitor, result, display);
}

/// The speed at which the whole recipe takes `seconds`.
tl::expected<double, std::string> speed_for(const std::string& recipe_path, double seconds) {
  return load_recipe(recipe_path).map([&](const Recipe& recipe) {
    double written = 0;
    for (const RecipeStep& step : recipe.steps) {
      written += std::chrono::duration<double>(step.duration).count();
    }
    return written / seconds;
  });
}

int main(int argc, char** argv) {
  DemoOptions options;
  const fs::path programs = fs::read_symlink("/proc/self/exe").parent_path();
  std::string recipe_path = (programs / "cell_recipe.json").string();
  Arguments arguments("cell_demo", "[options]",
                      "Runs the machine cell with a recipe of three setpoints, kills hal_core\n"
                      "halfway, starts it again, and tells whether the loop held.");
  arguments.number("seconds", "length of the run (default: 20)", options.seconds, kShortestSeconds,
                   86'400);
  arguments.flag("plain", "a line each second instead of a table", options.plain);
  arguments.text("recipe", "FILE", "another recipe (default: the one next to this program)",
                 recipe_path);
  arguments.flag("no-real-time", "let the modules ask for neither SCHED_FIFO nor locked memory",
                 options.real_time, false);
  arguments.epilogue(
      "Exit code: 0 if the loop held its setpoints and no reader saw a torn or vanished value,\n"
      "else 1; 2 for wrong usage; 128 and the signal's number if a signal ended it.");
  if (const auto exit_code = arguments.parse(argc, argv)) return *exit_code;
  if (!arguments.words().empty()) return arguments.mistake("it takes options only");
  const auto speed = speed_for(recipe_path, options.seconds);
  if (!speed) {
    fmt::print(stderr, "cell_demo: {}\n", speed.error());
    return EXIT_FAILURE;
  }
  catch_stop_signals();
  const auto domain = PrivateDomain::make();
  if (!domain) {
    fmt::print(stderr, "cell_demo: {}\n", domain.error());
    return EXIT_FAILURE;
  }
  return run(options,
             {.programs = programs,
              .domain = domain->path(),
              .recipe = recipe_path,
              .recipe_speed = *speed,
              .real_time = options.real_time},
             *domain);
}

}  // namespace
}  // namespace evo::machine

int main(int argc, char** argv) {
  return evo::machine::main(argc, argv);
}
