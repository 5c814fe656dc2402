// SPDX-License-Identifier: Apache-2.0
/// `evo-shm profile NAME --duration 5s`: how regularly a segment is published, and how fast it can
/// be read.
#include <fmt/format.h>

#include <algorithm>

#include "command.hpp"
#include "evo/clock.hpp"
#include "evo/format.hpp"
#include "inspect/inspected_segment.hpp"
#include "inspect/interruption.hpp"
#include "inspect/labels.hpp"
#include "inspect/value_stream.hpp"
#include "profile/report.hpp"
#include "text/duration.hpp"

namespace evo::tools {

namespace {

using namespace std::chrono_literals;

struct ProfileOptions {
  std::string segment;
  std::string duration = "5s";
};

/// Short compared to the periods of control systems, and long enough not to occupy the core.
constexpr auto kBetweenLooks = 50us;
constexpr std::uint64_t kLongestLastTakeNs = 20'000'000;
/// Interval between checks that the writer is alive: they need system calls.
constexpr std::uint64_t kAskWriterEveryNs = 100'000'000;

void declare(CLI::App& command, ProfileOptions& options) {
  add_segment(command, options.segment);
  command.add_option("--duration", options.duration, "How long to measure")
      ->check(duration_validator())
      ->capture_default_str();
}

/// Profiles one incarnation of a segment's data.
class Profiler {
 public:
  Profiler(InspectedSegment& inspected, PassiveReader timed)
      : inspected_(inspected),
        timed_(std::move(timed)),
        values_(inspected, ValueStream::OfState::AllThereAre),
        value_(inspected.reader().size()) {
    const SegmentLayout& layout = inspected.reader().layout();
    report_.segment = inspected.info().name;
    report_.kind = kind_of(inspected.info());
    report_.period_ns = layout.period_ns;
    generation_ = layout.generation;
  }

  /// Runs until the time is over or Ctrl-C is pressed. NotReady: recreated in the meantime.
  /// NotFound: gone.
  Result<void> run(std::uint64_t duration_ns) {
    const Interruption interruption;
    // The previous publish starts the first interval, unless it is older than the whole duration.
    const std::uint64_t start = monotonic_ns();
    earliest_ns_ = start - std::min(start, duration_ns);
    take_until(start);
    const std::uint64_t first = report_.seen != 0 ? before_ : inspected_.sequence();
    report_.seen = 0;
    earliest_ns_ = start;
    begun_ = true;
    std::uint64_t asked_ns = start;
    for (std::uint64_t now = start; now - start < duration_ns && !interruption.asked();
         now = monotonic_ns()) {
      take_until(start + duration_ns);
      time_a_read();
      if (now - asked_ns >= kAskWriterEveryNs) {
        asked_ns = now;
        if (auto there = still_there(); !there) return there;
      }
      interruption.sleep(kBetweenLooks);
    }
    const std::uint64_t end = inspected_.sequence();
    const std::uint64_t end_ns = monotonic_ns();
    // Takes what is still in the ring. A publish after the end is not counted.
    take_until(end_ns + kLongestLastTakeNs);
    report_.duration_ns = end_ns - start;
    const SlotGeometry& geometry = inspected_.reader().layout().geometry;
    report_.published = geometry.distance(first, end);
    report_.seen = std::min(report_.seen, report_.published);
    report_.retries = timed_.retries();
    return still_there();
  }

  [[nodiscard]] const ProfileReport& report() const { return report_; }

 private:
  /// Takes the available values, at least one, and stops when the time is over.
  void take_until(std::uint64_t end_ns) {
    while (const auto value = values_.next()) {
      ++report_.seen;
      report_.stamped = value->info.stamp_ns != 0;
      const std::uint64_t now = monotonic_ns();
      const std::uint64_t ns = report_.stamped ? value->info.stamp_ns : now;
      // Not in the future, and not before `earliest_ns_`: a value with an earlier stamp was
      // published before the profile began, and only discovered afterwards.
      const bool credible = ns >= earliest_ns_ && ns <= now;
      // A value that was there before the profile began says nothing about delays.
      if (report_.stamped && begun_ && credible) report_.delays.add(now - ns);
      const SlotGeometry& geometry = inspected_.reader().layout().geometry;
      const bool in_a_row = before_ns_ != 0 && value->info.sequence == geometry.after(before_, 1);
      if (in_a_row && credible && ns >= before_ns_) report_.intervals.add(ns - before_ns_);
      before_ = value->info.sequence;
      before_ns_ = credible ? ns : 0;
      if (monotonic_ns() >= end_ns) return;
    }
  }

  void time_a_read() {
    const std::uint64_t before = monotonic_ns();
    const auto read = timed_.read(value_);
    const std::uint64_t after = monotonic_ns();
    if (read) {
      report_.reads.add(after - before);
    } else if (read.error() != ReadError::NeverWritten) {
      ++report_.failed_reads;
    }
  }

  Result<void> still_there() {
    if (auto again = inspected_.refresh(); !again) return again;
    if (inspected_.readable() && inspected_.reader().layout().generation == generation_) return {};
    return make_error(ErrorCode::NotReady,
                      "segment '{}' was recreated while it was profiled; run this again",
                      report_.segment);
  }

  InspectedSegment& inspected_;
  PassiveReader timed_;  // separate, so that its retries are those of the timed reads only
  ValueStream values_;
  std::vector<std::byte> value_;
  ProfileReport report_;
  std::uint64_t generation_ = 0;
  std::uint64_t earliest_ns_ = 0;  // earlier stamps are ignored
  bool begun_ = false;
  std::uint64_t before_ = 0;
  std::uint64_t before_ns_ = 0;
};

/// Why there are no results, and what to do.
std::string silence(const InspectedSegment& inspected, std::chrono::nanoseconds looked) {
  const SegmentInfo& info = inspected.info();
  const std::string remedy =
      info.writer_state == WriterState::Alive
          ? "if it publishes less often, measure longer with --duration"
          : fmt::format("its writer is {}; start it and run this again", state_of(info));
  return fmt::format("segment '{}' published nothing in {}; {}", info.name, in_words(looked),
                     remedy);
}

ExitCode run(const ProfileOptions& options, const Context& context) {
  auto inspected = InspectedSegment::at(context.domain, options.segment);
  if (!inspected) return fail(inspected.error());
  if (!inspected->readable()) return fail(*inspected->fault());
  auto timed = PassiveReader::open(context.domain, options.segment);
  if (!timed) return fail(timed.error());
  if (inspected->info().writer_state != WriterState::Alive) {
    return fail(ExitCode::Wrong, fmt::format("nothing is published: the writer of segment '{}' is "
                                             "{}; start it and run this again",
                                             options.segment, state_of(inspected->info())));
  }
  Profiler profiler(*inspected, std::move(*timed));
  const auto duration = *parse_duration(options.duration);
  if (auto done = profiler.run(static_cast<std::uint64_t>(duration.count())); !done) {
    return fail(done.error());
  }
  const ProfileReport& report = profiler.report();
  if (report.published == 0) {
    const auto looked = std::chrono::nanoseconds(report.duration_ns);
    return fail(ExitCode::Wrong, silence(*inspected, std::min(duration, looked)));
  }
  if (context.json()) {
    print_json(to_json(report));
  } else {
    print_text(text_of(report, context.width));
  }
  return ExitCode::Fine;
}

}  // namespace

void add_profile(Commands& commands) {
  commands
      .add<ProfileOptions>(
          "profile", "How regularly a segment is published, and how fast it is read", declare, run)
      ->alias("hz")
      ->alias("delay");
}

}  // namespace evo::tools
