// SPDX-License-Identifier: Apache-2.0
/// `evo-shm plot NAME --field PATH…`: lines over time, in a terminal, as SVG or as numbers.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "command.hpp"
#include "evo/clock.hpp"
#include "evo/format.hpp"
#include "inspect/interruption.hpp"
#include "inspect/selection.hpp"
#include "inspect/time_style.hpp"
#include "inspect/value_columns.hpp"
#include "plot/chart.hpp"
#include "plot/live_chart.hpp"
#include "plot/recorder.hpp"
#include "text/duration.hpp"
#include "text/json_text.hpp"
#include "text/whole_file.hpp"

namespace evo::tools {

namespace {

struct PlotOptions {
  std::vector<std::string> segments;
  std::vector<std::string> fields;
  std::string window = "10s";
  std::string interval = "50ms";
  std::string time;
  std::string svg;
  std::string csv;
  std::string duration = "0s";
};

/// Sampling interval for streams, so that values are still in the ring when they are read.
constexpr std::uint64_t kStreamNs = 1'000'000;
/// A zero interval would use a whole core.
constexpr std::uint64_t kShortestNs = 100'000;

void declare(CLI::App& command, PlotOptions& options) {
  command.add_option("segment", options.segments, "The segment's name, or several");
  command
      .add_option("--field", options.fields,
                  "A field, struct or array, or one of another segment as SEGMENT:PATH; a line for "
                  "each number in it")
      ->required()
      ->allow_extra_args(false);
  command.add_option("--window", options.window, "How much time is shown")
      ->check(duration_validator())
      ->capture_default_str();
  command.add_option("--interval", options.interval, "How often to read and to draw")
      ->check(duration_validator())
      ->capture_default_str();
  add_time_option(command, options.time,
                  "Times on the axis and in --csv; otherwise seconds before the end");
  auto* svg = command.add_option("--svg", options.svg, "Write a drawing to this file instead");
  command.add_option("--csv", options.csv, "Write the values to this file instead, one per line")
      ->excludes(svg);
  command
      .add_option("--for", options.duration,
                  "End after this time; 0s: never in a terminal, else after the window")
      ->check(duration_validator())
      ->capture_default_str();
}

std::uint64_t nanoseconds_of(const std::string& text) {
  return static_cast<std::uint64_t>(parse_duration(text)->count());
}

/// Takes values until the time is over or Ctrl-C is pressed.
Result<void> record(Recorder& recorder, const PlotTimes& times,
                    const Recorder::Callback& callback = {}) {
  const Interruption interruption;
  const std::uint64_t start = monotonic_ns();
  while (!interruption.asked() && monotonic_ns() - start < times.duration_ns) {
    if (auto kept = recorder.keep(); !kept) return kept;
    recorder.take(kLongestPlotTakeNs, callback);
    const std::uint64_t gone = monotonic_ns() - start;
    const std::uint64_t left = times.duration_ns - std::min(gone, times.duration_ns);
    interruption.sleep(std::chrono::nanoseconds(std::min(left, times.take_ns)));
  }
  recorder.take(kLongestPlotTakeNs, callback);
  return {};
}

/// Prints the recorded chart on stdout.
void print_chart(Recorder& recorder, const Context& context) {
  TerminalSize size = terminal_size();
  if (context.width != kUnlimitedWidth)
    size.columns = static_cast<int>(std::min<std::size_t>(context.width, 1'000));
  // Leaves a line for the prompt.
  if (size.rows > 1) --size.rows;
  std::string text;
  for (std::string& line :
       chart_lines(recorder.plot_until(monotonic_ns()), size, context.colours)) {
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  print_text(text);
}

/// "drawn on HOST at TIME".
std::string caption_of_now() {
  std::array<char, 256> host{};
  const bool known = ::gethostname(host.data(), host.size() - 1) == 0;
  return fmt::format("drawn on {} at {}", known ? host.data() : "an unknown host",
                     iso_8601(realtime_of(monotonic_ns())));
}

/// Reports the written file, unless that is stdout.
ExitCode told_of(const std::string& file, const Recorder& recorder, const std::string& seen,
                 const Context& context) {
  if (is_standard_output(file)) return ExitCode::Fine;
  if (context.json()) {
    print_json({{"file", file},
                {"seen", recorder.seen_count()},
                {"published", recorder.published_count()}});
  } else {
    print_sentences(fmt::format("{}: {}\n", file, seen), context);
  }
  return ExitCode::Fine;
}

/// Draws the recorded values into a file.
ExitCode write_svg(Recorder& recorder, const PlotOptions& options, const PlotTimes& times,
                   const Context& context) {
  if (auto recorded = record(recorder, times); !recorded) return fail(recorded.error());
  Plot& plot = recorder.plot_until(monotonic_ns());
  plot.caption = caption_of_now();
  if (auto written = write_whole_file(options.svg, chart_svg(plot)); !written) {
    return fail(written.error());
  }
  return told_of(options.svg, recorder, plot.seen, context);
}

/// Writes every recorded value as a line with its time: to stdout immediately, to a file at the
/// end.
ExitCode write_csv(Recorder& recorder, const PlotOptions& options, const PlotTimes& times,
                   const Context& context) {
  ValueColumns columns;
  for (const auto& source : recorder.sources()) {
    columns.add(*source->inspected().fields(), source->lines());
  }
  MomentText moments(time_style_named(options.time).value_or(TimeStyle::Monotonic));
  const bool at_once = is_standard_output(options.csv);
  std::string text;
  const auto put = [&](const std::string& line) {
    if (at_once) {
      print_text(line);
    } else {
      text += line;
    }
  };
  put(columns.head());
  const auto recorded = record(
      recorder, times, [&](std::size_t source, const StreamedValue& value, std::uint64_t ns) {
        put(columns.line(source, moments.text(ns), value.bytes));
      });
  if (!recorded) return fail(recorded.error());
  if (!at_once) {
    if (auto written = write_whole_file(options.csv, text); !written) return fail(written.error());
  }
  return told_of(options.csv, recorder, recorder.plot_until(monotonic_ns()).seen, context);
}

/// Prints every recorded value as a line of JSON.
ExitCode print_samples(Recorder& recorder, const PlotOptions& options, const PlotTimes& times) {
  std::optional<MomentText> moments;
  if (const auto style = time_style_named(options.time)) moments.emplace(*style);
  const auto print = [&](std::size_t index, const StreamedValue& value, std::uint64_t ns) {
    const PlotSource& source = *recorder.sources()[index];
    nlohmann::ordered_json object;
    if (recorder.sources().size() > 1) object["segment"] = source.inspected().info().name;
    object["sequence"] = value.info.sequence;
    if (value.info.stamp_ns != 0) object["stamp_ns"] = value.info.stamp_ns;
    if (moments) object["time"] = moments->json(ns);
    if (value.lost != 0) object["lost"] = value.lost;
    // Nested: a schema may name a field like one of the members above.
    auto& values = object["values"] = nlohmann::ordered_json::object();
    nlohmann::ordered_json whole;
    for (const Element& line : source.lines()) {
      // The elements of a field are consecutive.
      if (line.index == 0) whole = source.inspected().fields()->json(line.field, value.bytes);
      values[line.label] = line.field.length == 0 ? whole : whole[line.index];
    }
    print_text(json_text(object) + '\n');
  };
  const auto recorded = record(recorder, times, print);
  return recorded ? ExitCode::Fine : fail(recorded.error());
}

bool is_live() {
  return ::isatty(STDOUT_FILENO) == 1 && ::isatty(STDIN_FILENO) == 1;
}

ExitCode run_with(Recorder& recorder, const PlotOptions& options, const PlotTimes& times,
                  const Context& context) {
  if (!options.svg.empty()) return write_svg(recorder, options, times, context);
  if (!options.csv.empty()) return write_csv(recorder, options, times, context);
  if (context.json()) return print_samples(recorder, options, times);
  const auto done = is_live() ? draw_live(recorder, times, context.colours)
                              : record(recorder, times).map([] { return true; });
  // Even if a segment is gone: the values recorded until then are still useful.
  if (done.value_or(true)) print_chart(recorder, context);
  return done ? ExitCode::Fine : fail(done.error());
}

ExitCode run(const PlotOptions& options, const Context& context) {
  PlotTimes times{.window_ns = nanoseconds_of(options.window),
                  .interval_ns = std::max(nanoseconds_of(options.interval), kShortestNs),
                  .duration_ns = nanoseconds_of(options.duration)};
  if (times.window_ns == 0) return fail(ExitCode::Usage, "--window must be greater than zero");
  const auto selections = selections_of(options.segments, options.fields);
  if (!selections) return fail(ExitCode::Usage, selections.error().message);
  auto sources = plot_sources(context.domain, *selections);
  if (!sources) return fail(sources.error());
  const bool streams = std::any_of(sources->begin(), sources->end(),
                                   [](const auto& source) { return source->is_stream(); });
  times.take_ns = streams ? std::min(times.interval_ns, kStreamNs) : times.interval_ns;
  if (!is_live() || context.json() || !options.svg.empty() || !options.csv.empty()) {
    // A chart that is drawn once shows everything recorded.
    if (times.duration_ns == 0) times.duration_ns = times.window_ns;
    times.window_ns = times.duration_ns;
  }
  Recorder recorder(std::move(*sources), static_cast<double>(times.window_ns) / 1e9);
  recorder.show_time(time_style_named(options.time));
  try {
    return run_with(recorder, options, times, context);
  } catch (const std::exception& error) {
    // Caught here, so that the terminal is restored before the message.
    return fail(ExitCode::Wrong, fmt::format("plot failed: {}", error.what()));
  }
}

}  // namespace

void add_plot(Commands& commands) {
  commands.add<PlotOptions>(
      "plot", "Fields over time as lines, in the terminal or as SVG, or their values as CSV",
      declare, run);
}

}  // namespace evo::tools
