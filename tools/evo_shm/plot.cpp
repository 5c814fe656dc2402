/// `evo-shm plot NAME --field PATH…`: lines over time, in a terminal or as SVG.
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "command.hpp"
#include "evo/clock.hpp"
#include "look/interruption.hpp"
#include "look/segment_look.hpp"
#include "look/upkeep.hpp"
#include "plot/chart.hpp"
#include "plot/recorder.hpp"
#include "text/duration.hpp"
#include "text/whole_file.hpp"
#include "top/keys.hpp"
#include "top/terminal_mode.hpp"

namespace evo::tools {

namespace {

struct PlotOptions {
  std::string segment;
  std::vector<std::string> fields;
  std::string window = "10s";
  std::string interval = "50ms";
  std::string svg;
  std::string duration = "0s";
};

/// Values of a stream are taken this often, so that its ring keeps them until then.
constexpr std::uint64_t kStreamNs = 1'000'000;
/// An interval of nothing would take a whole core.
constexpr std::uint64_t kShortestNs = 100'000;
/// No longer than this does it take values without a look at the clock and the keys.
constexpr std::uint64_t kLongestTakeNs = 20'000'000;

void declare(CLI::App& command, PlotOptions& options) {
  add_segment(command, options.segment);
  command
      .add_option("--field", options.fields,
                  "A field, struct or array; a line for each number in it")
      ->required()
      ->allow_extra_args(false);
  command.add_option("--window", options.window, "How much time is shown")
      ->check(duration_validator())
      ->capture_default_str();
  command.add_option("--interval", options.interval, "How often to look, and to draw")
      ->check(duration_validator())
      ->capture_default_str();
  command.add_option("--svg", options.svg, "Write a drawing to this file instead");
  command
      .add_option("--for", options.duration,
                  "End after this time; 0s: never in a terminal, else after the window")
      ->check(duration_validator())
      ->capture_default_str();
}

std::uint64_t nanoseconds_of(const std::string& text) {
  return static_cast<std::uint64_t>(parse_duration(text)->count());
}

/// What the options say, in numbers.
struct Times {
  std::uint64_t window_ns = 0;
  std::uint64_t interval_ns = 0;
  std::uint64_t take_ns = 0;      // between two looks
  std::uint64_t duration_ns = 0;  // 0: without an end
};

/// A sample as a line of JSON.
void print_sample(const StreamedValue& value, const std::vector<Channel>& channels,
                  const Fields& fields) {
  nlohmann::ordered_json object;
  object["sequence"] = value.info.sequence;
  if (value.info.stamp_ns != 0) object["stamp_ns"] = value.info.stamp_ns;
  if (value.lost != 0) object["lost"] = value.lost;
  // By themselves: a schema may call a field as one of the members above is called.
  auto& values = object["values"] = nlohmann::ordered_json::object();
  nlohmann::ordered_json whole;
  for (const Channel& channel : channels) {
    // The elements of a field follow each other.
    if (channel.element == 0) whole = fields.json(channel.field, value.bytes);
    values[channel.label] = channel.field.length == 0 ? whole : whole[channel.element];
  }
  print_text(object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n');
}

/// Takes values until the time is over, or Ctrl-C.
Result<void> record(Recorder& recorder, Upkeep& upkeep, const Times& times,
                    const Recorder::Callback& callback = {}) {
  const Interruption interruption;
  const std::uint64_t start = monotonic_ns();
  while (!interruption.asked() && monotonic_ns() - start < times.duration_ns) {
    if (auto kept = upkeep.keep(); !kept) return kept;
    recorder.take(kLongestTakeNs, callback);
    const std::uint64_t gone = monotonic_ns() - start;
    const std::uint64_t left = times.duration_ns - std::min(gone, times.duration_ns);
    interruption.sleep(std::chrono::nanoseconds(std::min(left, times.take_ns)));
  }
  recorder.take(kLongestTakeNs, callback);
  return {};
}

/// Whether a key or a signal asks for the end; waits for one until `timeout_ns` is over.
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

/// Draws until the end is asked for.
Result<void> draw_live(Recorder& recorder, Upkeep& upkeep, const Times& times, bool colours) {
  auto terminal = TerminalMode::enter();
  if (!terminal) return tl::unexpected(terminal.error());
  KeyParser parser;
  const std::uint64_t start = monotonic_ns();
  std::uint64_t drawn_ns = 0;
  while (true) {
    if (auto kept = upkeep.keep(); !kept) return kept;
    recorder.take(std::min(kLongestTakeNs, std::max(times.interval_ns, kStreamNs)));
    const std::uint64_t now = monotonic_ns();
    if (times.duration_ns != 0 && now - start >= times.duration_ns) return {};
    if (now - drawn_ns >= times.interval_ns) {
      drawn_ns = now;
      auto lines = chart_lines(recorder.plot_until(now), terminal_size(), colours);
      if (!lines.empty()) lines.front() += "; q ends";
      if (!terminal->draw(lines)) return {};
    }
    if (end_is_asked_for(*terminal, parser, times.take_ns)) return {};
  }
}

/// What was recorded, on stdout.
void print_chart(Recorder& recorder, const Context& context) {
  TerminalSize size = terminal_size();
  // The prompt comes below it.
  if (size.rows > 1) --size.rows;
  std::string text;
  for (std::string& line :
       chart_lines(recorder.plot_until(monotonic_ns()), size, context.colours)) {
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  print_text(text);
}

/// Draws what is recorded into a file, and says so.
ExitCode write_svg(Recorder& recorder, Upkeep& upkeep, const PlotOptions& options,
                   const Times& times, const Context& context) {
  if (auto recorded = record(recorder, upkeep, times); !recorded) return fail(recorded.error());
  const Plot& plot = recorder.plot_until(monotonic_ns());
  if (auto written = write_whole_file(options.svg, chart_svg(plot)); !written) {
    return fail(written.error());
  }
  if (is_standard_output(options.svg)) return ExitCode::Fine;
  if (context.json()) {
    print_json({{"file", options.svg},
                {"seen", recorder.seen_count()},
                {"published", recorder.published_count()}});
  } else {
    print_text(fmt::format("{}: {}\n", options.svg, plot.seen));
  }
  return ExitCode::Fine;
}

ExitCode run_with(Recorder& recorder, SegmentLook& look, const PlotOptions& options,
                  const Times& times, const Context& context) {
  Upkeep upkeep(look);
  if (!options.svg.empty()) return write_svg(recorder, upkeep, options, times, context);
  if (context.json()) {
    const auto print = [&](const StreamedValue& value) {
      print_sample(value, recorder.channels(), *look.fields());
    };
    const auto recorded = record(recorder, upkeep, times, print);
    return recorded ? ExitCode::Fine : fail(recorded.error());
  }
  const bool live = ::isatty(STDOUT_FILENO) == 1 && ::isatty(STDIN_FILENO) == 1;
  const auto done =
      live ? draw_live(recorder, upkeep, times, context.colours) : record(recorder, upkeep, times);
  // Also if the segment has gone: what was seen until then is worth a look.
  print_chart(recorder, context);
  return done ? ExitCode::Fine : fail(done.error());
}

ExitCode run(const PlotOptions& options, const Context& context) {
  auto look = SegmentLook::at(context.domain, options.segment);
  if (!look) return fail(look.error());
  if (!look->fields()) return fail(*look->fault());
  auto channels = channels_of(*look->fields(), options.fields);
  if (!channels) return fail(channels.error());
  Times times{.window_ns = nanoseconds_of(options.window),
              .interval_ns = std::max(nanoseconds_of(options.interval), kShortestNs),
              .duration_ns = nanoseconds_of(options.duration)};
  if (times.window_ns == 0) return fail(ExitCode::Usage, "--window must be longer than nothing");
  const bool stream = look->info().layout.kind == Kind::Stream;
  times.take_ns = stream ? std::min(times.interval_ns, kStreamNs) : times.interval_ns;
  const bool in_terminal = ::isatty(STDOUT_FILENO) == 1 && ::isatty(STDIN_FILENO) == 1;
  if (!in_terminal || context.json() || !options.svg.empty()) {
    // What is drawn once shows all that was recorded.
    if (times.duration_ns == 0) times.duration_ns = times.window_ns;
    times.window_ns = times.duration_ns;
  }
  Recorder recorder(*look, std::move(*channels), static_cast<double>(times.window_ns) / 1e9);
  try {
    return run_with(recorder, *look, options, times, context);
  } catch (const std::exception& error) {
    // Caught so that the terminal is as it was before anything is said.
    return fail(ExitCode::Wrong, fmt::format("plot has come to grief: {}", error.what()));
  }
}

}  // namespace

void add_plot(Commands& commands) {
  commands.add<PlotOptions>("plot", "Fields over time as lines, in the terminal or as SVG", declare,
                            run);
}

}  // namespace evo::tools
