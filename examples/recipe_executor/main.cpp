// SPDX-License-Identifier: Apache-2.0
/// recipe_executor: steps through a recipe as commanded, and relays the controller's output to the
/// actuator, unless an interlock forbids it.
#include <algorithm>
#include <cstdlib>
#include <optional>

#include "commands_config.evo.hpp"
#include "common/input.hpp"
#include "common/module.hpp"
#include "common/output.hpp"
#include "common/stop_signal.hpp"
#include "control_state.evo.hpp"
#include "evo/clock.hpp"
#include "evo/format.hpp"
#include "phys_output_io.evo.hpp"
#include "recipe_executor/recipe.hpp"
#include "recipe_executor/recipe_run.hpp"

namespace evo::machine {
namespace {

using cell::recipe::Interlock;
using cell::recipe::PhysOutputIo;
using cell::recipe::RecipeState;
using Commands = Input<cell::api::CommandsConfigReader>;
using Control = Input<cell::control::ControlStateReader>;

constexpr std::chrono::milliseconds kAttachWait{200};
/// A quarter of a period after control_unit, whose output it relays.
constexpr std::chrono::microseconds kPhase{500};

/// The last value that a killed recipe_executor published, so that this one can continue from
/// there. Nothing after an orderly end, which closed the segment.
std::optional<PhysOutputIo> last_of_former_life(const Domain& domain) {
  auto reader = cell::recipe::PhysOutputIoReader::attach({.domain = domain});
  if (!reader || reader->writer_state() != WriterState::Dead) return std::nullopt;
  const auto sample = reader->read();
  if (!sample || !is_consistent(sample->value)) return std::nullopt;
  return sample->value;
}

/// Executes each command once.
class CommandFollower {
 public:
  /// Begins after command number `accepted`. Commands published before `since_ns` are ignored: a
  /// machine must not start because of a command from before this process started.
  CommandFollower(std::uint64_t accepted, std::uint64_t since_ns) noexcept
      : seen_(accepted), accepted_(accepted), since_ns_(since_ns) {}

  void follow(const Log& log, const Commands& commands, RecipeRun& run) {
    if (!commands.has_value() || commands.value().command_number == seen_) return;
    const cell::api::CommandsConfig& command = commands.value();
    seen_ = command.command_number;
    // A stamp in the future comes from another clock: the command may be of any age.
    const bool is_old =
        since_ns_ != 0 && (commands.stamp_ns() < since_ns_ ||
                           evo::is_in_future(commands.stamp_ns(), evo::monotonic_ns()));
    log.info(is_old ? "old_command_ignored" : "command",
             {{"number", seen_}, {"command", to_string(command.command)}});
    if (is_old) return;
    carry_out(command, run);
    accepted_ = seen_;
  }

  [[nodiscard]] std::uint64_t accepted() const noexcept { return accepted_; }

 private:
  static void carry_out(const cell::api::CommandsConfig& command, RecipeRun& run) {
    switch (command.command) {
      case cell::api::Command::None:
        return;
      case cell::api::Command::Start:
        return run.start(command.recipe_speed);
      case cell::api::Command::Stop:
        return run.stop();
      case cell::api::Command::SetSetpoint:
        return run.hold(command.setpoint);
    }
  }

  std::uint64_t seen_;
  std::uint64_t accepted_;
  std::uint64_t since_ns_;
};

/// Relays the controller's output as the actuator's command; zero with the reason if it must not.
void actuate(const Control& control, const RecipeRun& run, PhysOutputIo& value) {
  value.interlock = !run.active()                                 ? Interlock::NotRunning
                    : !control.fresh() || !control.writer_alive() ? Interlock::ControlLost
                                                                  : Interlock::None;
  value.duty =
      value.interlock == Interlock::None ? std::clamp(control.value().output, 0.0F, 100.0F) : 0.0F;
  if (!control.has_value()) return;
  value.control_cycle = control.value().cycle;
  value.control_age_ns = control.age_ns();
  value.control_gap_max_ns = control.gap_max_ns();
}

/// The speed at which a resumed recipe continues: that of the command that started it.
double speed_of(const Commands& commands) {
  return commands.has_value() ? commands.value().recipe_speed : 1;
}

int run(const Log& log, const ModuleOptions& options, const Recipe& recipe) {
  const Domain domain = options.domain();
  const std::optional<PhysOutputIo> former = last_of_former_life(domain);
  auto output = Output<cell::recipe::PhysOutputIoWriter>::create(domain);
  if (!output) {
    log.error("cannot_create", {{"error", output.error()}});
    return EXIT_FAILURE;
  }
  CommandFollower follower =
      former ? CommandFollower(former->accepted_command, 0) : CommandFollower(0, monotonic_ns());
  Commands commands(log, domain, Written::AtTimes);
  Control control(log, domain);
  commands.poll();
  RecipeRun run(recipe);
  if (former) run.resume(*former, speed_of(commands));

  PhysOutputIo value{.cycle = 1, .accepted_command = follower.accepted()};
  run.copy_to(value);
  if (former) {
    log.info("resumed", {{"state", to_string(value.recipe_state)}, {"step", value.step_index}});
  }
  actuate(control, run, value);
  WriteResult written = output->publish(value);
  log_start(log, options.ask_for_real_time(), output->incarnation(), output->create_duration_ns());
  control.attach_within(kAttachWait);

  constexpr auto kPeriod = cell::recipe::PhysOutputIoChannel::period;
  CycleStatistics statistics(kPeriod);
  std::uint64_t last_cycle_ns = monotonic_ns();
  for (const Cycle& cycle : cycles(kPeriod, {.phase = kPhase}, stop_flag())) {
    statistics.add(cycle);
    commands.poll();
    control.poll();
    follower.follow(log, commands, run);
    run.advance(std::chrono::nanoseconds(cycle.began_ns() - last_cycle_ns));
    last_cycle_ns = cycle.began_ns();
    run.copy_to(value);
    actuate(control, run, value);
    ++value.cycle;
    value.accepted_command = follower.accepted();
    value.deadline_misses = statistics.misses();
    written = output->publish(value);
    if (!written) break;
  }
  if (!written) log.error("cannot_write", {{"error", written.error()}});
  InputStatistics inputs = commands.statistics();
  inputs += control.statistics();
  log_summary(log, statistics, output->latency(), inputs);
  return written ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char** argv) {
  ModuleOptions options;
  std::string recipe_path;
  Arguments arguments(
      "recipe_executor", "--recipe FILE [options]",
      "Steps through a recipe as api_liaison commands, and relays the controller's\n"
      "output to the actuator. Reads commands_config and control_state, writes\n"
      "phys_output_io.");
  arguments.text("recipe", "FILE", "the recipe, a JSON file", recipe_path);
  options.add_to(arguments);
  arguments.epilogue(
      "A recipe: {\"name\": \"two steps\", \"steps\": [\n"
      "  {\"setpoint_percent\": 20, \"duration_s\": 5}, {\"setpoint_percent\": 40, "
      "\"duration_s\": 5}]}\n\n"
      "Runs until SIGTERM or Ctrl-C; the recipe begins with the command 'start'.");
  if (const auto exit_code = arguments.parse(argc, argv)) return *exit_code;
  if (!arguments.words().empty()) return arguments.mistake("it takes options only");
  if (recipe_path.empty()) return arguments.mistake("it needs a recipe: --recipe FILE");
  const auto recipe = load_recipe(recipe_path);
  const Log log("recipe_executor");
  if (!recipe) {
    log.error("bad_recipe", {{"error", recipe.error()}});
    return EXIT_FAILURE;
  }
  catch_stop_signals();
  return run(log, options, *recipe);
}

}  // namespace
}  // namespace evo::machine

int main(int argc, char** argv) {
  return evo::machine::main(argc, argv);
}
