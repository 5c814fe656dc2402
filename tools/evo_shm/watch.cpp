// SPDX-License-Identifier: Apache-2.0
/// `evo-shm watch NAME… [--field PATH]…`: the values as they change.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "command.hpp"
#include "evo/clock.hpp"
#include "inspect/inspected_segment.hpp"
#include "inspect/labels.hpp"
#include "inspect/schema_guard.hpp"
#include "inspect/selection.hpp"
#include "inspect/time_style.hpp"
#include "inspect/value_stream.hpp"
#include "text/duration.hpp"
#include "watch/value_printer.hpp"

namespace evo::tools {

namespace {

using namespace std::chrono_literals;

/// A zero interval would use a whole core.
constexpr std::chrono::nanoseconds kShortestInterval = 100us;
/// Longest time in which it takes values without checking the clock and the writer.
constexpr std::uint64_t kLongestTakeNs = 20'000'000;
/// With --rate, measures for this long before the first line, so that every line has a rate.
constexpr auto kFirstRateOver = 200ms;

struct WatchOptions {
  std::vector<std::string> segments;
  std::vector<std::string> fields;
  bool rate = false;
  bool in_place = false;
  bool every = false;
  bool csv = false;
  std::uint64_t count = 0;
  std::string duration = "0s";
  std::string interval = "10ms";
  std::string time;
};

void declare(CLI::App& command, WatchOptions& options) {
  command.add_option("segment", options.segments, "The segment's name, or several");
  command
      .add_option("--field", options.fields,
                  "Only this field, struct or array, as in axes[3].position; may be repeated. With "
                  "several segments: SEGMENT:PATH")
      ->allow_extra_args(false);
  command.add_flag("--rate", options.rate, "Also print publishes per second");
  command.add_flag("--in-place", options.in_place, "One table, updated in place, for a terminal");
  command.add_flag("--every", options.every,
                   "A line for every publish, even if no field has changed");
  command.add_flag("--csv", options.csv, "Comma-separated: the time and each number");
  add_time_option(command, options.time, "How the time of a value is printed");
  command.add_option("--count", options.count, "End after this many lines")
      ->check(count_validator());
  command.add_option("--for", options.duration, "End after this time; 0s: never")
      ->check(duration_validator())
      ->capture_default_str();
  command
      .add_option("--interval", options.interval,
                  "How often to read; values of a state that come faster are left out")
      ->check(duration_validator())
      ->capture_default_str();
}

/// The fields named by `paths`, or all.
Result<std::vector<Field>> chosen_fields(const Fields& fields,
                                         const std::vector<std::string>& paths) {
  if (paths.empty()) return fields.all();
  std::vector<Field> chosen;
  for (const std::string& path : paths) {
    auto found = fields.find(path);
    if (!found) return found;
    chosen.insert(chosen.end(), found->begin(), found->end());
  }
  return chosen;
}

/// One segment that is watched. Cannot be moved: its members refer to each other.
class Watched {
 public:
  Watched(InspectedSegment inspected, WatchContext& context, std::vector<Field> chosen)
      : inspected_(std::move(inspected)),
        form_(context.style.form),
        schema_guard_(inspected_),
        values_(inspected_),
        printer_(inspected_.info().name, context, *inspected_.fields(), std::move(chosen)),
        state_(state_of(inspected_.info())),
        incarnation_(inspected_.info().incarnation) {}
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

  [[nodiscard]] InspectedSegment& inspected() { return inspected_; }
  [[nodiscard]] ValuePrinter& printer() { return printer_; }

  /// Prints the available values, at most `*left` lines; returns after some time even if more
  /// remain. True: more remain. Errors as for SchemaGuard.
  Result<bool> take(std::uint64_t* left) {
    const std::uint64_t begin = monotonic_ns();
    while (*left > 0) {
      const auto value = values_.next();
      if (!value) return false;
      // A value after the end of a writer comes from its successor, which is reported first.
      if (inspected_.info().writer_state != WriterState::Alive) {
        if (auto there = schema_guard_.look_again(); !there) return tl::unexpected(there.error());
        report_writer();
      }
      if (const auto text = printer_.text_of(*value)) {
        print_text(*text);
        --*left;
      }
      if (monotonic_ns() - begin >= kLongestTakeNs) return true;
    }
    return false;
  }

  /// Like SchemaGuard; also prints a change of the writer's state.
  Result<void> keep() {
    if (auto there = schema_guard_.keep(); !there) return there;
    report_writer();
    return {};
  }

 private:
  void report_writer() {
    const SegmentInfo& info = inspected_.info();
    std::string state = state_of(info);
    if (state == state_ && info.incarnation == incarnation_) return;
    state_ = std::move(state);
    incarnation_ = info.incarnation;
    const std::string text = printer_.text_of_writer(info);
    if (form_ != WatchForm::Csv) return print_text(text);
    // A line of another form must not be mixed with the CSV values.
    std::fwrite(text.data(), 1, text.size(), stderr);
  }

  InspectedSegment inspected_;
  WatchForm form_;
  SchemaGuard schema_guard_;
  ValueStream values_;
  ValuePrinter printer_;
  std::string state_;
  std::uint64_t incarnation_;
};

using WatchedSegments = std::vector<std::unique_ptr<Watched>>;

/// Runs until enough lines are printed or the time is over.
Result<void> follow(WatchedSegments& segments, const WatchOptions& options) {
  const auto interval =
      std::max<std::chrono::nanoseconds>(*parse_duration(options.interval), kShortestInterval);
  const auto duration = static_cast<std::uint64_t>(parse_duration(options.duration)->count());
  const std::uint64_t start = monotonic_ns();
  std::uint64_t left = options.count != 0 ? options.count : UINT64_MAX;
  while (true) {
    bool more = false;
    for (const auto& segment : segments) {
      const auto taken = segment->take(&left);
      if (!taken) return tl::unexpected(taken.error());
      more |= *taken;
    }
    if (left == 0 || (duration != 0 && monotonic_ns() - start >= duration)) return {};
    for (const auto& segment : segments) {
      if (auto there = segment->keep(); !there) return there;
    }
    if (more) continue;
    // Not beyond the end of the duration.
    const std::uint64_t gone = monotonic_ns() - start;
    auto pause = static_cast<std::uint64_t>(interval.count());
    if (duration != 0) pause = std::min(pause, duration - std::min(gone, duration));
    sleep_while_read(std::chrono::nanoseconds(pause));
  }
}

WatchContext context_of(const WatchOptions& options, const Context& context, bool several) {
  WatchContext watch{.style = {.every = options.every,
                               .rate = options.rate,
                               .name = several,
                               .width = context.width},
                     .moments = {},
                     .columns = {}};
  if (options.csv) {
    watch.style.form = WatchForm::Csv;
  } else if (options.in_place) {
    watch.style.form = WatchForm::InPlace;
  } else if (context.json()) {
    watch.style.form = WatchForm::Json;
  }
  auto style = time_style_named(options.time);
  if (!style && options.csv) style = TimeStyle::Monotonic;
  if (style) watch.moments.emplace(*style);
  return watch;
}

/// Opens all segments before the first line is printed.
Result<WatchedSegments> open(const std::vector<Selection>& selections, const Domain& domain,
                             WatchContext& watch) {
  WatchedSegments segments;
  for (const Selection& selection : selections) {
    auto inspected = InspectedSegment::at(domain, selection.segment);
    if (!inspected) return tl::unexpected(inspected.error());
    if (!inspected->fields()) return tl::unexpected(*inspected->fault());
    auto chosen = chosen_fields(*inspected->fields(), selection.paths);
    if (!chosen) return tl::unexpected(chosen.error());
    segments.push_back(std::make_unique<Watched>(std::move(*inspected), watch, std::move(*chosen)));
    if (watch.style.form != WatchForm::Csv) continue;
    const std::string prefix = watch.style.name ? selection.segment + ':' : "";
    if (auto added = segments.back()->printer().add_columns(prefix); !added) {
      return tl::unexpected(added.error());
    }
  }
  return segments;
}

/// Why the options cannot be combined; empty if they can.
std::string contradiction_in(const WatchOptions& options, const Context& context, bool several) {
  if (options.in_place && (::isatty(STDOUT_FILENO) == 0 || context.json() || options.csv)) {
    return "--in-place needs a terminal; leave it out, for a line per value";
  }
  if (options.in_place && several) return "--in-place shows one segment; leave it out for several";
  if (options.csv && context.json())
    return "--csv and --format json cannot be combined; choose one";
  if (options.csv && options.rate) return "--csv has no column for a rate; leave out --rate";
  return "";
}

ExitCode run(const WatchOptions& options, const Context& context) {
  const auto selections = selections_of(options.segments, options.fields);
  if (!selections) return fail(ExitCode::Usage, selections.error().message);
  const bool several = selections->size() > 1;
  if (const std::string wrong = contradiction_in(options, context, several); !wrong.empty()) {
    return fail(ExitCode::Usage, wrong);
  }
  WatchContext watch = context_of(options, context, several);
  auto segments = open(*selections, context.domain, watch);
  if (!segments) return fail(segments.error());
  if (options.csv) print_text(watch.columns.head());
  if (options.rate) {
    for (const auto& segment : *segments) {
      segment->printer().begin_rate(measure_rate(segment->inspected(), kFirstRateOver));
    }
  }
  const auto followed = follow(*segments, options);
  return followed ? ExitCode::Fine : fail(followed.error());
}

}  // namespace

void add_watch(Commands& commands) {
  commands.add<WatchOptions>("watch", "The values of segments as they change", declare, run)
      ->alias("echo");
}

}  // namespace evo::tools
