// SPDX-License-Identifier: Apache-2.0
/// hal_core, the hardware: drives the worker as phys_output_io requests, measures its processor
/// share, and publishes phys_input_io at 1 kHz.
#include <cstdlib>
#include <optional>

#include "common/input.hpp"
#include "common/module.hpp"
#include "common/output.hpp"
#include "common/stop_signal.hpp"
#include "evo/format.hpp"
#include "hal_core/counter_thread.hpp"
#include "hal_core/share_window.hpp"
#include "hal_core/worker.hpp"
#include "phys_input_io.evo.hpp"
#include "phys_output_io.evo.hpp"
#include "trace_io.evo.hpp"

namespace evo::machine {
namespace {

using cell::hal::PhysInputIo;
using PhysOutput = Output<cell::hal::PhysInputIoWriter>;
using Actuation = Input<cell::recipe::PhysOutputIoReader>;

constexpr std::chrono::milliseconds kAttachWait{200};

/// Takes the duty from phys_output_io, or zero if that is stale or its writer is not alive.
void actuate(const Actuation& actuation, Worker& worker, PhysInputIo& value) {
  value.output_stale = !actuation.fresh() || !actuation.writer_alive();
  value.applied_duty = value.output_stale ? 0 : actuation.value().duty;
  if (actuation.has_value()) value.output_cycle = actuation.value().cycle;
  worker.set_duty(value.applied_duty / 100);
}

/// Reads the sensor.
Result<void> measure(const Worker& worker, ShareWindow& window, PhysInputIo& value) {
  const auto sample = worker.sample();
  if (!sample) return tl::unexpected(sample.error());
  const WorkerShare share = window.add(*sample);
  value.sampled_at_ns = sample->at_ns;
  value.worker_cpu_time_ns = sample->cpu_time_ns;
  value.worker_share = share.share * 100;
  value.worker_window_ns = share.window_ns;
  return {};
}

int run(const Log& log, const ModuleOptions& options) {
  const Domain domain = options.domain();
  auto output = PhysOutput::create(domain);
  if (!output) {
    log.error("cannot_create", {{"error", output.error()}});
    return EXIT_FAILURE;
  }
  PhysInputIo value{.cycle = 1,
                    .hal_incarnation = output->incarnation(),
                    .create_duration_ns = output->create_duration_ns(),
                    .output_stale = true};
  // Immediately, before anything slow: readers may be waiting for this value.
  WriteResult written = output->publish(value);

  auto trace = cell::hal::TraceIoWriter::create({.domain = domain});
  if (!trace) {
    log.error("cannot_create", {{"error", trace.error()}});
    return EXIT_FAILURE;
  }
  const RealTimeReport real_time = options.ask_for_real_time();
  log_start(log, real_time, output->incarnation(), output->create_duration_ns());
  std::optional<StopSignalsBlocked> blocked(std::in_place);
  Worker worker(options.real_time);
  CounterThread counters;
  blocked.reset();
  ShareWindow window;
  Actuation actuation(log, domain);
  actuation.attach_within(kAttachWait);

  constexpr auto kPeriod = cell::hal::PhysInputIoChannel::period;
  CycleStatistics statistics(kPeriod);
  for (const Cycle& cycle : cycles(kPeriod, {}, stop_flag())) {
    statistics.add(cycle);
    actuation.poll();
    actuate(actuation, worker, value);
    if (auto measured = measure(worker, window, value); !measured) {
      log.error("sensor_lost", {{"error", measured.error()}});
      return EXIT_FAILURE;
    }
    counters.copy_latest_to(value);
    ++value.cycle;
    value.deadline_misses = statistics.misses();
    written = output->publish(value);
    trace->push({.cycle = value.cycle,
                 .output_cycle = value.output_cycle,
                 .applied_duty = value.applied_duty,
                 .worker_share = value.worker_share});
    if (!written) break;
  }
  if (!written) log.error("cannot_write", {{"error", written.error()}});
  log_summary(log, statistics, output->latency(), actuation.statistics());
  return written ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char** argv) {
  ModuleOptions options;
  Arguments arguments("hal_core", "[options]",
                      "The hardware of the machine cell: a worker thread is the actuator, its\n"
                      "processor clock the sensor. Reads phys_output_io, writes phys_input_io\n"
                      "and the stream trace_io.");
  options.add_to(arguments);
  arguments.epilogue("Runs until SIGTERM or Ctrl-C.");
  if (const auto exit_code = arguments.parse(argc, argv)) return *exit_code;
  if (!arguments.words().empty()) return arguments.mistake("it takes options only");
  catch_stop_signals();
  return run(Log("hal_core"), options);
}

}  // namespace
}  // namespace evo::machine

int main(int argc, char** argv) {
  return evo::machine::main(argc, argv);
}
