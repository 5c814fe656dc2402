// SPDX-License-Identifier: Apache-2.0
#include "plot/live_chart.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "evo/clock.hpp"
#include "plot/chart.hpp"
#include "top/keys.hpp"
#include "top/terminal_mode.hpp"

namespace evo::tools {

namespace {

constexpr std::uint64_t kShortestTakeNs = 1'000'000;

/// Whether a key or a signal requests the end; waits up to `timeout_ns` for one.
bool end_is_asked_for(TerminalMode& terminal, KeyParser& parser, std::uint64_t timeout_ns) {
  std::array<pollfd, 2> ready{{{STDIN_FILENO, POLLIN, 0}, {terminal.signal_fd(), POLLIN, 0}}};
  const timespec timeout{static_cast<std::time_t>(timeout_ns / 1'000'000'000),
                         static_cast<long>(timeout_ns % 1'000'000'000)};
  ::ppoll(ready.data(), ready.size(), &timeout, nullptr);
  if (terminal.take_signal() == TerminalMode::Signal::End) return true;
  if (ready[0].revents == 0) return false;
  bool ended = (ready[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
  const auto keys = parser.take(terminal.take_input(&ended));
  return ended || std::find(keys.begin(), keys.end(), Key{Key::Sort::Letter, 'q'}) != keys.end();
}

}  // namespace

Result<bool> draw_live(Recorder& recorder, const PlotTimes& times, bool colours) {
  auto terminal = TerminalMode::enter();
  if (!terminal) return tl::unexpected(terminal.error());
  KeyParser parser;
  const std::uint64_t start = monotonic_ns();
  std::uint64_t drawn_ns = 0;
  while (true) {
    if (auto kept = recorder.keep(); !kept) return tl::unexpected(kept.error());
    recorder.take(std::min(kLongestPlotTakeNs, std::max(times.interval_ns, kShortestTakeNs)));
    const std::uint64_t now = monotonic_ns();
    if (times.duration_ns != 0 && now - start >= times.duration_ns) return !terminal->stalled();
    if (now - drawn_ns >= times.interval_ns) {
      drawn_ns = now;
      auto lines = chart_lines(recorder.plot_until(now), terminal_size(), colours);
      if (!lines.empty()) lines.front() += "; q quits";
      if (!terminal->draw(lines)) return false;
    }
    if (end_is_asked_for(*terminal, parser, times.take_ns)) return !terminal->stalled();
  }
}

}  // namespace evo::tools
