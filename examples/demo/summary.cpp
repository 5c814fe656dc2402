// SPDX-License-Identifier: Apache-2.0
#include "demo/summary.hpp"

#include <fmt/format.h>

#include "demo/table.hpp"

namespace evo::machine {

namespace {

/// A quantile, a far quantile and the maximum of a module's reads or writes.
std::string latencies(const ModuleReport& module, std::string_view what) {
  const auto part = [&](std::string_view which) {
    return readable_time(module.number(fmt::format("{}_{}_ns", what, which)));
  };
  return fmt::format("{} / {} / {}", part("p50"), part("p99"), part("max"));
}

std::string latencies(const LatencyHistogram& histogram) {
  return fmt::format("{} / {} / {}", readable_time(histogram.quantile_ns(0.5)),
                     readable_time(histogram.quantile_ns(0.99)), readable_time(histogram.max_ns()));
}

std::string module_line(const ModuleReport& module, const Monitor& monitor) {
  if (!module.summary.contains("cycles")) {
    return fmt::format("  {:<16} {:>7}   its other figures died with it", module.name,
                       monitor.killed_cycles());
  }
  return fmt::format("  {:<16} {:>7} {:>7} {:>9}   {:<29} {}", module.name, module.number("cycles"),
                     module.number("misses"), readable_time(module.number("lateness_max_ns")),
                     latencies(module, "write"), latencies(module, "read"));
}

/// The real-time settings of the modules, in one line if they are all the same.
std::vector<std::string> real_time_lines(const std::vector<ModuleReport>& modules) {
  std::vector<std::string> lines;
  std::string said_of_all;
  bool same = true;
  for (const ModuleReport& module : modules) {
    if (module.started.empty()) continue;
    const std::string said = fmt::format(
        "scheduling {}, memory {}", module.started.at("scheduling"), module.started.at("memory"));
    lines.push_back(fmt::format("  {:<16} {}", module.name, said));
    if (said_of_all.empty()) said_of_all = said;
    same = same && said == said_of_all;
  }
  if (same && !lines.empty()) return {fmt::format("  {:<16} {}", "all modules", said_of_all)};
  return lines;
}

InputStatistics all_readers(const Monitor& monitor, const RunResult& result) {
  InputStatistics all = monitor.statistics();
  for (const ModuleReport& module : result.modules) {
    all.reads += module.number("reads");
    all.retries += module.number("retries");
    all.contended += module.number("contended");
    all.torn += module.number("torn");
    all.vanished += module.number("vanished");
  }
  return all;
}

void judge_error(std::string_view when, const ControlError& error,
                 std::vector<std::string>& faults) {
  if (error.count == 0) {
    faults.push_back(fmt::format("the control error {} the kill was never measured", when));
  } else if (error.mean() > kTolerance) {
    faults.push_back(
        fmt::format("the control error {} the kill is {:.2f} percentage points, more than {:.0f}",
                    when, error.mean(), kTolerance));
  }
}

}  // namespace

std::vector<std::string> judge(const Monitor& monitor, const RunResult& result) {
  std::vector<std::string> faults;
  if (!result.recipe_finished) faults.emplace_back("the recipe did not run to its end");
  judge_error("before", monitor.error_before(), faults);
  judge_error("after", monitor.error_after(), faults);
  if (!monitor.hal_core_is_back()) {
    faults.emplace_back("hal_core did not come back after it was killed");
  } else if (monitor.incarnation_now() <= monitor.incarnation_before()) {
    faults.push_back(fmt::format("hal_core's incarnation went from {} to {}, not up",
                                 monitor.incarnation_before(), monitor.incarnation_now()));
  }
  const InputStatistics readers = all_readers(monitor, result);
  if (readers.torn > 0) faults.push_back(fmt::format("{} values were torn", readers.torn));
  if (readers.vanished > 0) faults.push_back(fmt::format("{} values vanished", readers.vanished));
  for (const ModuleReport& module : result.modules) {
    if (!module.failure.empty()) {
      faults.push_back(fmt::format("{} ended with {}", module.name, module.failure));
    }
    for (const std::string& error : module.errors) {
      faults.push_back(fmt::format("{} said: {}", module.name, error));
    }
  }
  if (!result.leftovers.empty()) {
    faults.push_back(
        fmt::format("files were left in the domain: {}", fmt::join(result.leftovers, ", ")));
  }
  return faults;
}

std::vector<std::string> summarize(const Monitor& monitor, const RunResult& result) {
  const InputStatistics own = monitor.statistics();
  const InputStatistics all = all_readers(monitor, result);
  std::vector<std::string> lines = {
      "",
      fmt::format("Summary of {:.1f} s; hal_core was killed after {:.1f} s", result.seconds,
                  result.kill_at_seconds),
      fmt::format("  control error    before the kill {:.2f}, after it {:.2f} percentage points",
                  monitor.error_before().mean(), monitor.error_after().mean()),
      fmt::format("                   (mean absolute, from {:.0f} s after each change on; "
                  "tolerance {:.0f})",
                  static_cast<double>(Monitor::kSettleNs) * 1e-9, kTolerance),
      fmt::format("  takeover         {} from create to a segment taken over in place, "
                  "incarnation {} -> {}",
                  readable_time(monitor.input().create_duration_ns), monitor.incarnation_before(),
                  monitor.incarnation_now()),
      fmt::format("  kill to value    {}, the start of the process included",
                  readable_time(monitor.outage_ns())),
      fmt::format("  longest gap      phys_input_io {} at the kill and {} else, control_state {}, "
                  "phys_output_io {}",
                  readable_time(monitor.gap_at_kill_ns()), readable_time(monitor.gap_else_ns()),
                  readable_time(monitor.control_gap_ns()), readable_time(monitor.output_gap_ns())),
      "  rates           "};
  for (const SegmentView& segment : monitor.segments()) {
    if (segment.rate > 0) lines.back() += fmt::format(" {} {:.0f}/s", segment.name, segment.rate);
  }
  lines.push_back(
      fmt::format("  readers          {} reads, {} retries, {} contended, {} torn, {} "
                  "vanished",
                  all.reads, all.retries, all.contended, all.torn, all.vanished));
  lines.emplace_back(
      "  module            cycles  misses      late   write p50 / p99 / max         read p50 / p99 "
      "/ max");
  for (const ModuleReport& module : result.modules) {
    if (module.name != "api_liaison") lines.push_back(module_line(module, monitor));
  }
  lines.push_back(fmt::format("  {:<16} {:>58}{}", "monitor", "", latencies(own.latency)));
  for (std::string& line : real_time_lines(result.modules)) lines.push_back(std::move(line));
  return lines;
}

}  // namespace evo::machine
