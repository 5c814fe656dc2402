/// `evo-shm watch NAME [--field PATH]…`: the values as they change.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "command.hpp"
#include "evo/clock.hpp"
#include "look/segment_look.hpp"
#include "look/upkeep.hpp"
#include "look/value_stream.hpp"
#include "look/words.hpp"
#include "text/duration.hpp"
#include "text/table.hpp"

namespace evo::tools {

namespace {

using namespace std::chrono_literals;

/// An interval of nothing would take a whole core.
constexpr std::chrono::nanoseconds kShortestInterval = 100us;
/// No longer than this does it take values without a look at the clock and at the writer.
constexpr std::uint64_t kLongestTakeNs = 20'000'000;
/// With --rate it counts for so long before the first line, so that each has a rate.
constexpr auto kFirstRateOver = 200ms;

struct WatchOptions {
  std::string segment;
  std::vector<std::string> fields;
  bool rate = false;
  bool in_place = false;
  bool every = false;
  std::int64_t count = 0;
  std::string duration = "0s";
  std::string interval = "10ms";
};

void declare(CLI::App& command, WatchOptions& options) {
  add_segment(command, options.segment);
  command
      .add_option("--field", options.fields,
                  "Only this field, struct or array, as in axes[3].position; may come again")
      ->allow_extra_args(false);
  command.add_flag("--rate", options.rate, "Publishes a second too");
  command.add_flag("--in-place", options.in_place, "One table that changes, for a terminal");
  command.add_flag("--every", options.every,
                   "A line for every publish, also where no field has changed");
  command.add_option("--count", options.count, "End after so many lines")->check(count_validator());
  command.add_option("--for", options.duration, "End after this time; 0s: never")
      ->check(duration_validator())
      ->capture_default_str();
  command
      .add_option("--interval", options.interval,
                  "How often to look; values of a state that come faster are left out")
      ->check(duration_validator())
      ->capture_default_str();
}

/// The fields that were asked for.
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

/// Prints what is watched, and remembers what it last was.
class Watch {
 public:
  Watch(const WatchOptions& options, const Context& context, const Fields& fields,
        std::vector<Field> chosen)
      : options_(options), context_(context), fields_(fields), chosen_(std::move(chosen)) {}

  /// Prints a value if there is something new about it.
  void show(const StreamedValue& value) {
    count_publish(value.info.sequence);
    if (!options_.every && !has_changed(value.bytes)) return;
    last_ = value.bytes;
    if (options_.in_place) {
      print_text("\x1b[H\x1b[J" + table_of(value));
    } else if (context_.json()) {
      print_text(line_of_json(value) + '\n');
    } else {
      print_text(line_of(value) + '\n');
    }
    ++lines_;
  }

  /// Prints what has become of the writer.
  void tell_writer(const SegmentInfo& info) const {
    if (!context_.json()) {
      print_text(fmt::format("# writer is {}, {}\n", state_of(info), writer_of(info)));
      return;
    }
    nlohmann::ordered_json object{{"writer", state_of(info)}};
    if (info.writer_pid != 0) object["pid"] = info.writer_pid;
    print_text(object.dump() + '\n');
  }

  /// What was counted before the first line.
  void begin_rate(double per_second) { rate_ = per_second; }

  [[nodiscard]] bool done() const { return options_.count != 0 && lines_ >= options_.count; }

 private:
  [[nodiscard]] bool has_changed(const std::vector<std::byte>& bytes) const {
    if (last_.size() != bytes.size()) return true;
    return std::any_of(chosen_.begin(), chosen_.end(), [&](const Field& field) {
      const std::size_t size = field.count() * size_of(field.scalar);
      return !std::equal(bytes.begin() + static_cast<std::ptrdiff_t>(field.offset),
                         bytes.begin() + static_cast<std::ptrdiff_t>(field.offset + size),
                         last_.begin() + static_cast<std::ptrdiff_t>(field.offset));
    });
  }

  /// The rate over the last half second at least.
  void count_publish(std::uint64_t sequence) {
    const std::uint64_t now = monotonic_ns();
    if (rate_since_ns_ == 0) {
      rate_since_ns_ = now;
      rate_from_ = sequence;
    } else if (now - rate_since_ns_ >= 500'000'000 && sequence >= rate_from_) {
      rate_ = static_cast<double>(sequence - rate_from_) * 1e9 /
              static_cast<double>(now - rate_since_ns_);
      rate_since_ns_ = now;
      rate_from_ = sequence;
    }
  }

  [[nodiscard]] std::string head_of(const StreamedValue& value) const {
    std::string text = fmt::format("{}", value.info.sequence);
    if (value.info.stamp_ns != 0) {
      text += fmt::format(" {:.6f}", static_cast<double>(value.info.stamp_ns) / 1e9);
    }
    if (value.lost != 0) text += fmt::format(" lost={}", value.lost);
    if (options_.rate) text += rate_ ? fmt::format(" rate={:.4g}/s", *rate_) : " rate=?";
    return text;
  }

  [[nodiscard]] std::string line_of(const StreamedValue& value) const {
    std::string text = head_of(value);
    for (const Field& field : chosen_) {
      text += fmt::format(" {}={}", field.path, fields_.text(field, value.bytes));
    }
    return text;
  }

  [[nodiscard]] std::string line_of_json(const StreamedValue& value) const {
    nlohmann::ordered_json object;
    object["sequence"] = value.info.sequence;
    if (value.info.stamp_ns != 0) object["stamp_ns"] = value.info.stamp_ns;
    if (value.lost != 0) object["lost"] = value.lost;
    if (options_.rate && rate_) object["rate_hz"] = *rate_;
    // By themselves: a schema may call a field as one of the members above is called.
    auto& values = object["values"] = nlohmann::ordered_json::object();
    for (const Field& field : chosen_) values[field.path] = fields_.json(field, value.bytes);
    return object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  }

  [[nodiscard]] std::string table_of(const StreamedValue& value) const {
    Table table({{"FIELD"}, {"VALUE"}, {"UNIT"}});
    for (const Field& field : chosen_) {
      table.add({field.path, fields_.text(field, value.bytes), field.declared->unit});
    }
    return fmt::format("{} {}\n\n{}", options_.segment, head_of(value), table.text());
  }

  const WatchOptions& options_;
  const Context& context_;
  const Fields& fields_;
  std::vector<Field> chosen_;
  std::vector<std::byte> last_;
  std::int64_t lines_ = 0;
  std::uint64_t rate_since_ns_ = 0;
  std::uint64_t rate_from_ = 0;
  std::optional<double> rate_;
};

/// Shows what there is; comes back after some time even if there is more. True: there is.
bool take(Watch& watch, ValueStream& values) {
  const std::uint64_t begin = monotonic_ns();
  while (!watch.done()) {
    const auto value = values.next();
    if (!value) return false;
    watch.show(*value);
    if (monotonic_ns() - begin >= kLongestTakeNs) return true;
  }
  return false;
}

/// Until there were enough lines, or the time is over.
Result<void> follow(Watch& watch, SegmentLook& look, const WatchOptions& options) {
  Upkeep upkeep(look);
  const auto interval =
      std::max<std::chrono::nanoseconds>(*parse_duration(options.interval), kShortestInterval);
  const auto duration = static_cast<std::uint64_t>(parse_duration(options.duration)->count());
  const std::uint64_t start = monotonic_ns();
  std::string state = state_of(look.info());
  ValueStream values(look);
  while (true) {
    const bool more = take(watch, values);
    if (watch.done() || (duration != 0 && monotonic_ns() - start >= duration)) return {};
    if (auto there = upkeep.keep(); !there) return there;
    if (std::string now_is = state_of(look.info()); now_is != state) {
      state = std::move(now_is);
      watch.tell_writer(look.info());
    }
    if (more) continue;
    // No longer than to its end.
    const std::uint64_t gone = monotonic_ns() - start;
    auto pause = static_cast<std::uint64_t>(interval.count());
    if (duration != 0) pause = std::min(pause, duration - std::min(gone, duration));
    std::this_thread::sleep_for(std::chrono::nanoseconds(pause));
  }
}

ExitCode run(const WatchOptions& options, const Context& context) {
  if (options.in_place && (::isatty(STDOUT_FILENO) == 0 || context.json())) {
    return fail(ExitCode::Usage, "--in-place is for a terminal; leave it out, for a line each");
  }
  auto look = SegmentLook::at(context.domain, options.segment);
  if (!look) return fail(look.error());
  if (!look->fields()) return fail(*look->fault());
  auto chosen = chosen_fields(*look->fields(), options.fields);
  if (!chosen) return fail(chosen.error());
  Watch watch(options, context, *look->fields(), std::move(*chosen));
  if (options.rate) watch.begin_rate(measure_rate(*look, kFirstRateOver));
  const auto followed = follow(watch, *look, options);
  return followed ? ExitCode::Fine : fail(followed.error());
}

}  // namespace

void add_watch(Commands& commands) {
  commands.add<WatchOptions>("watch", "The values of a segment as they change", declare, run)
      ->alias("echo");
}

}  // namespace evo::tools
