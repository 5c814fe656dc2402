// SPDX-License-Identifier: Apache-2.0
/// control_unit: holds the worker's processor share at the setpoint, at 1 kHz.
#include <algorithm>
#include <cstdlib>
#include <utility>

#include "commands_config.evo.hpp"
#include "common/input.hpp"
#include "common/module.hpp"
#include "common/output.hpp"
#include "common/stop_signal.hpp"
#include "control_state.evo.hpp"
#include "control_unit/event_reporter.hpp"
#include "control_unit/pi_controller.hpp"
#include "evo/format.hpp"
#include "phys_input_io.evo.hpp"
#include "phys_output_io.evo.hpp"

namespace evo::machine {
namespace {

using cell::control::ControlState;
using cell::control::Mode;
using cell::recipe::RecipeState;

constexpr std::chrono::milliseconds kAttachWait{200};
/// A quarter of a period after hal_core, which has measured by then.
constexpr std::chrono::microseconds kPhase{250};

/// Longest time that one step integrates over; a longer gap says nothing about the time between.
constexpr double kLongestStepSeconds = 0.01;

struct Inputs {
  Input<cell::hal::PhysInputIoReader> measurement;
  Input<cell::recipe::PhysOutputIoReader> recipe;
  Input<cell::api::CommandsConfigReader> commands;

  void poll() {
    measurement.poll();
    recipe.poll();
    commands.poll();
  }

  [[nodiscard]] InputStatistics statistics() const {
    InputStatistics all = measurement.statistics();
    all += recipe.statistics();
    all += commands.statistics();
    return all;
  }
};

/// Whether the loop is to be closed. Not if recipe_executor has become silent.
bool is_wanted(const Input<cell::recipe::PhysOutputIoReader>& recipe) {
  if (!recipe.fresh()) return false;
  const RecipeState state = recipe.value().recipe_state;
  return state == RecipeState::Running || state == RecipeState::Manual;
}

/// The gains set by command, if any.
PiGains chosen_gains(const Input<cell::api::CommandsConfigReader>& commands) {
  PiGains gains;
  if (!commands.has_value()) return gains;
  const cell::api::CommandsConfig& config = commands.value();
  if (config.proportional_gain > 0) gains.proportional = config.proportional_gain;
  if (config.integral_gain > 0) gains.integral = config.integral_gain;
  return gains;
}

class Regulator {
 public:
  /// Fills in the controller's results for this cycle.
  void cycle(const Inputs& inputs, ControlState& state) {
    const bool wanted = is_wanted(inputs.recipe);
    state.setpoint = wanted ? inputs.recipe.value().setpoint : 0;
    if (inputs.measurement.has_value()) {
      state.measured = inputs.measurement.value().worker_share;
      state.input_cycle = inputs.measurement.value().cycle;
      state.input_age_ns = inputs.measurement.age_ns();
    }
    state.error = state.setpoint - state.measured;
    if (!wanted) {
      state.mode = Mode::Idle;
      controller_.reset();
    } else if (!inputs.measurement.fresh()) {
      state.mode = Mode::InputLost;
    } else {
      state.mode = Mode::Running;
      regulate(inputs, state);
    }
    if (state.mode != Mode::Running) {
      state.output = 0;
      state.saturated = false;
      last_sample_ns_ = 0;
    }
    state.integral = static_cast<float>(controller_.integral());
    state.input_gap_max_ns = inputs.measurement.gap_max_ns();
  }

 private:
  /// One step for each measurement. Without a new one, or while the actuator does not follow,
  /// output and integral stay unchanged.
  void regulate(const Inputs& inputs, ControlState& state) {
    const cell::hal::PhysInputIo& measurement = inputs.measurement.value();
    if (!inputs.measurement.changed() || measurement.worker_window_ns == 0) return;
    const std::uint64_t before_ns = std::exchange(last_sample_ns_, measurement.sampled_at_ns);
    if (before_ns == 0 || measurement.output_stale || measurement.sampled_at_ns <= before_ns) {
      return;
    }
    const double seconds = static_cast<double>(measurement.sampled_at_ns - before_ns) * 1e-9;
    const PiOutput result = controller_.step(chosen_gains(inputs.commands), state.error,
                                             std::min(seconds, kLongestStepSeconds));
    state.output = static_cast<float>(result.output);
    state.saturated = result.saturated;
  }

  PiController controller_{0, 100};
  std::uint64_t last_sample_ns_ = 0;
};

int run(const Log& log, const ModuleOptions& options) {
  const Domain domain = options.domain();
  auto output = Output<cell::control::ControlStateWriter>::create(domain);
  if (!output) {
    log.error("cannot_create", {{"error", output.error()}});
    return EXIT_FAILURE;
  }
  auto events = EventReporter::create(domain);
  if (!events) {
    log.error("cannot_create", {{"error", events.error()}});
    return EXIT_FAILURE;
  }
  ControlState state{.cycle = 1};
  WriteResult written = output->publish(state);
  log_start(log, options.ask_for_real_time(), output->incarnation(), output->create_duration_ns());
  Inputs inputs{{log, domain}, {log, domain}, {log, domain, Written::AtTimes}};
  inputs.measurement.attach_within(kAttachWait);
  inputs.recipe.attach_within(kAttachWait);

  Regulator regulator;
  constexpr auto kPeriod = cell::control::ControlStateChannel::period;
  CycleStatistics statistics(kPeriod);
  for (const Cycle& cycle : cycles(kPeriod, {.phase = kPhase}, stop_flag())) {
    statistics.add(cycle);
    inputs.poll();
    regulator.cycle(inputs, state);
    if (inputs.commands.has_value()) {
      state.accepted_command = inputs.commands.value().command_number;
    }
    ++state.cycle;
    state.deadline_misses = statistics.misses();
    state.jitter_max_ns = statistics.lateness_max_ns();
    state.jitter_histogram = statistics.lateness_histogram();
    written = output->publish(state);
    events->report(state);
    if (!written) break;
  }
  if (!written) log.error("cannot_write", {{"error", written.error()}});
  log_summary(log, statistics, output->latency(), inputs.statistics());
  return written ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char** argv) {
  ModuleOptions options;
  Arguments arguments("control_unit", "[options]",
                      "The controller of the machine cell: a PI controller at 1 kHz. Reads\n"
                      "phys_input_io, phys_output_io and commands_config, writes control_state\n"
                      "and the stream event_log.");
  options.add_to(arguments);
  arguments.epilogue("Runs until SIGTERM or Ctrl-C.");
  if (const auto exit_code = arguments.parse(argc, argv)) return *exit_code;
  if (!arguments.words().empty()) return arguments.mistake("it takes options only");
  catch_stop_signals();
  return run(Log("control_unit"), options);
}

}  // namespace
}  // namespace evo::machine

int main(int argc, char** argv) {
  return evo::machine::main(argc, argv);
}
