// SPDX-License-Identifier: Apache-2.0
#include "demo/table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evo::machine {

namespace {

constexpr std::size_t kBarWidth = 40;

/// A share as a bar: `#` for the measured part, `|` at the setpoint.
std::string bar(float percent, float mark_percent) {
  const auto column = [](float share) {
    const float part = std::clamp(share, 0.0F, 100.0F) / 100;
    return static_cast<std::size_t>(part * static_cast<float>(kBarWidth - 1));
  };
  std::string text(kBarWidth, '.');
  std::fill_n(text.begin(), column(percent), '#');
  text[column(mark_percent)] = '|';
  return text;
}

std::string hal_core_story(const Monitor& monitor, const Progress& progress) {
  if (!progress.killed) return "first life";
  if (!monitor.hal_core_is_back()) return "killed, being started again";
  return fmt::format("killed and back after {}, taken over in {}",
                     readable_time(monitor.outage_ns()),
                     readable_time(monitor.input().create_duration_ns));
}

/// A counter of the computer, or a note that this kernel does not provide it.
template <class... Args>
std::string counter(cell::hal::Counters available, cell::hal::Counters flag,
                    fmt::format_string<Args...> format, Args&&... args) {
  if (!cell::hal::contains(available, flag)) return "absent";
  return fmt::format(format, std::forward<Args>(args)...);
}

std::string core_line(const cell::hal::PhysInputIo& input) {
  const cell::hal::Counters available = input.available;
  std::string cores;
  for (std::size_t i = 0; i < std::min<std::size_t>(input.core_count, 8); ++i) {
    cores += fmt::format("{}{:.0f}%", i == 0 ? "" : " ", input.core_busy[i]);
  }
  if (input.core_count > 8) cores += fmt::format(" and {} more", input.core_count - 8);
  return fmt::format(
      "cores {}   load {}", counter(available, cell::hal::Counters::Cores, "{}", cores),
      counter(available, cell::hal::Counters::Load, "{:.2f}", input.load_average[0]));
}

std::string memory_line(const cell::hal::PhysInputIo& input) {
  constexpr double kGibibyte = 1024.0 * 1024 * 1024;
  const cell::hal::Counters available = input.available;
  return fmt::format(
      "memory {}   network in {} out {}",
      counter(available, cell::hal::Counters::Memory, "{:.1f} of {:.1f} GiB free",
              static_cast<double>(input.memory_available) / kGibibyte,
              static_cast<double>(input.memory_total) / kGibibyte),
      counter(available, cell::hal::Counters::Network, "{} MB", input.network_received / 1'000'000),
      counter(available, cell::hal::Counters::Network, "{} MB", input.network_sent / 1'000'000));
}

std::string event_line(const cell::hal::PhysInputIo& input) {
  const cell::hal::Counters available = input.available;
  return fmt::format(
      "context switches {}   interrupts {}",
      counter(available, cell::hal::Counters::ContextSwitches, "{}", input.context_switches),
      counter(available, cell::hal::Counters::Interrupts, "{}", input.interrupts));
}

std::string segment_line(const SegmentView& segment) {
  if (!segment.present) return fmt::format("  {:<16} absent", segment.name);
  return fmt::format("  {:<16} {:>7.0f} {:>9} {:>7} {:>8} {:>7} {:>8}  {}", segment.name,
                     segment.rate, readable_time(segment.age_ns), segment.misses,
                     segment.reader.retries, segment.reader.torn, segment.reader.vanished,
                     segment.writer_alive ? "alive" : "gone");
}

}  // namespace

std::string readable_time(std::uint64_t ns) {
  const auto value = static_cast<double>(ns);
  if (ns < 1'000) return fmt::format("{} ns", ns);
  if (ns < 1'000'000) return fmt::format("{:.1f} us", value * 1e-3);
  if (ns < 1'000'000'000) return fmt::format("{:.1f} ms", value * 1e-6);
  return fmt::format("{:.1f} s", value * 1e-9);
}

std::vector<std::string> render_table(const Monitor& monitor, const Progress& progress) {
  const cell::control::ControlState control = monitor.control();
  const cell::recipe::PhysOutputIo output = monitor.output();
  const cell::hal::PhysInputIo input = monitor.input();
  std::vector<std::string> lines = {
      fmt::format("EVO Channels machine cell   {:.1f} of {:.1f} s   recipe {}, step {} of {}",
                  progress.seconds, progress.total_seconds, to_string(output.recipe_state),
                  output.step_count == 0 ? 0 : output.step_index + 1, output.step_count),
      "",
      fmt::format("  setpoint {:6.1f} %", output.setpoint),
      fmt::format("  measured {:6.1f} %  {}", input.worker_share,
                  bar(input.worker_share, output.setpoint)),
      fmt::format("  output   {:6.1f} %  {}", control.output, bar(control.output, control.output)),
      fmt::format("  mode     {}{}, interlock {}", to_string(control.mode),
                  control.saturated ? " (saturated)" : "", to_string(output.interlock)),
      fmt::format("  hal_core {}", hal_core_story(monitor, progress)),
      fmt::format("  incarnation {}", input.hal_incarnation),
      "",
      "  segment           rate/s       age  misses  retries    torn vanished  writer"};
  for (const SegmentView& segment : monitor.segments()) lines.push_back(segment_line(segment));
  lines.emplace_back();
  lines.push_back("  " + core_line(input));
  lines.push_back("  " + memory_line(input));
  lines.push_back("  " + event_line(input));
  return lines;
}

std::string render_line(const Monitor& monitor, const Progress& progress) {
  const cell::recipe::PhysOutputIo output = monitor.output();
  const cell::hal::PhysInputIo input = monitor.input();
  std::string line = fmt::format(
      "t={:.1f}s step={}/{} setpoint={:.1f}% measured={:.1f}% output={:.1f}% mode={} "
      "interlock={} incarnation={}",
      progress.seconds, output.step_count == 0 ? 0 : output.step_index + 1, output.step_count,
      output.setpoint, input.worker_share, monitor.control().output,
      to_string(monitor.control().mode), to_string(output.interlock), input.hal_incarnation);
  for (const SegmentView& segment : monitor.segments()) {
    if (segment.rate == 0) continue;
    line +=
        fmt::format(" {}: rate={:.0f}/s age={} retries={} misses={}", segment.name, segment.rate,
                    readable_time(segment.age_ns), segment.reader.retries, segment.misses);
  }
  return line;
}

}  // namespace evo::machine
