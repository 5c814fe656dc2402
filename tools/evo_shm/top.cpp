// SPDX-License-Identifier: Apache-2.0
/// `evo-shm top [--interval 500ms] [--sort KEY] [--filter TEXT] [--once]`
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <thread>

#include "command.hpp"
#include "evo/clock.hpp"
#include "evo/format.hpp"
#include "inspect/labels.hpp"
#include "text/duration.hpp"
#include "top/feed.hpp"
#include "top/keys.hpp"
#include "top/screen.hpp"
#include "top/session.hpp"
#include "top/terminal_mode.hpp"

namespace evo::tools {

namespace {

struct TopOptions {
  std::string interval = "500ms";
  std::string sort = "name";
  std::string filter;
  bool once = false;
};

/// Bytes that follow an escape character within this time are part of its sequence.
constexpr std::uint64_t kEscapeNs = 50'000'000;
/// Shortest interval between event batches, so that many events do not cause many redraws.
constexpr std::uint64_t kEventsEveryNs = 30'000'000;

void declare(CLI::App& command, TopOptions& options) {
  command.add_option("--interval", options.interval, "How often to update")
      ->check(duration_validator())
      ->capture_default_str();
  command.add_option("--sort", options.sort, "name, rate, age, state or lag")
      ->check(CLI::IsMember(std::vector<std::string>(kSortKeyNames.begin(), kSortKeyNames.end())))
      ->capture_default_str();
  command.add_option("--filter", options.filter, "Only names that contain this text");
  command.add_flag("--once", options.once,
                   "Print one table after one interval, and end; for a pipe");
}

SortKey sort_key_named(const std::string& name) {
  const auto* found = std::find(kSortKeyNames.begin(), kSortKeyNames.end(), name);
  return static_cast<SortKey>(found - kSortKeyNames.begin());
}

nlohmann::ordered_json document_of(const TopRow& row) {
  auto object = to_json(row.info);
  if (const auto rate = row.rate.per_second()) object["rate_hz"] = *rate;
  if (const auto lag = row.greatest_lag()) object["greatest_lag"] = *lag;
  return object;
}

/// Inspects everything twice, to measure rates, and prints a table.
ExitCode print_once(TopModel& model, const TopOptions& options, const Context& context) {
  for (int look = 0; look < 2; ++look) {
    if (look != 0) std::this_thread::sleep_for(*parse_duration(options.interval));
    const auto segments = list_segments(context.domain);
    if (!segments) return fail(segments.error());
    TopModel before = std::exchange(model, {});
    for (const SegmentInfo& info : *segments) {
      if (const TopRow* row = before.find(info.name)) model.take(row->info, row->looked_ns);
      model.take(info, monotonic_ns());
    }
  }
  model.filter_by(options.filter);
  if (const SortKey key = sort_key_named(options.sort); key != model.sort_key()) model.sort_by(key);
  if (context.json()) {
    auto document = nlohmann::ordered_json::array();
    for (const TopRow* row : model.shown()) document.push_back(document_of(*row));
    print_json(document);
  } else if (model.shown().empty()) {
    print_sentences(fmt::format("no segments{} {}\n",
                                options.filter.empty() ? "" : " with '" + options.filter + "'",
                                in(context.domain)),
                    context);
  } else {
    print_text(plain_table(model, context.colours, context.width));
  }
  return ExitCode::Fine;
}

/// Handles keys, signals, events and ticks as they come.
class TopLoop {
 public:
  TopLoop(TerminalMode& terminal, TopFeed& feed, TopSession& session, std::uint64_t interval_ns)
      : terminal_(terminal), feed_(feed), session_(session), interval_ns_(interval_ns) {}

  /// Runs until the end is requested or the terminal is gone.
  Result<void> run() {
    session_.tick();
    while (terminal_.draw(session_.screen())) {
      const std::uint64_t now = monotonic_ns();
      const bool take_events = !session_.paused() && now >= next_events_ns_;
      std::array<pollfd, 3> ready{{{STDIN_FILENO, POLLIN, 0},
                                   {terminal_.signal_fd(), POLLIN, 0},
                                   {take_events ? feed_.fd() : -1, POLLIN, 0}}};
      ::poll(ready.data(), ready.size(), milliseconds_until_due(now));
      if (ready[1].revents != 0 && !take_signals()) return {};
      if (ready[0].revents != 0 && !take_keys()) return {};
      if ((ready[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) return {};
      if (ready[0].revents == 0 && parser_.waits() && !press(parser_.end_wait())) return {};
      if (session_.paused()) continue;
      if (ready[2].revents != 0) {
        if (auto taken = feed_.take_events(); !taken) return taken;
        next_events_ns_ = monotonic_ns() + kEventsEveryNs;
        session_.tick();
      }
      if (monotonic_ns() >= next_tick_ns_) {
        next_tick_ns_ = monotonic_ns() + interval_ns_;
        feed_.look_again(session_.names_on_screen());
        session_.tick();
      }
    }
    return {};
  }

 private:
  [[nodiscard]] int milliseconds_until_due(std::uint64_t now) const {
    std::uint64_t due = now + 3'600'000'000'000;
    if (!session_.paused()) {
      due = std::min(due, next_tick_ns_);
      if (now < next_events_ns_) due = std::min(due, next_events_ns_);
    }
    if (parser_.waits()) due = std::min(due, now + kEscapeNs);
    return due <= now ? 0 : static_cast<int>((due - now + 999'999) / 1'000'000);
  }

  [[nodiscard]] bool take_signals() {
    for (auto signal = terminal_.take_signal(); signal != TerminalMode::Signal::None;
         signal = terminal_.take_signal()) {
      if (signal == TerminalMode::Signal::End) return false;
      session_.resize(terminal_size());
    }
    return true;
  }

  [[nodiscard]] bool take_keys() {
    bool ended = false;
    const std::string typed = terminal_.take_input(&ended);
    return !ended && press(parser_.take(typed));
  }

  [[nodiscard]] bool press(const std::vector<Key>& keys) {
    return std::all_of(keys.begin(), keys.end(), [&](Key key) { return session_.press(key); });
  }

  TerminalMode& terminal_;
  TopFeed& feed_;
  TopSession& session_;
  std::uint64_t interval_ns_;
  std::uint64_t next_tick_ns_ = 0;
  std::uint64_t next_events_ns_ = 0;
  KeyParser parser_;
};

Result<void> show(TopModel& model, const TopOptions& options, const Context& context) {
  auto feed = TopFeed::start(context.domain, model);
  if (!feed) return tl::unexpected(feed.error());
  model.filter_by(options.filter);
  if (const SortKey key = sort_key_named(options.sort); key != model.sort_key()) model.sort_by(key);
  TopSession session(
      context.domain, model,
      {.size = terminal_size(), .colours = context.colours, .domain = context.domain.path()});
  auto terminal = TerminalMode::enter();
  if (!terminal) return tl::unexpected(terminal.error());
  const auto interval = static_cast<std::uint64_t>(parse_duration(options.interval)->count());
  // At least ten milliseconds, so that it always responds to keys.
  return TopLoop(*terminal, *feed, session, std::max<std::uint64_t>(interval, 10'000'000)).run();
}

ExitCode run(const TopOptions& options, const Context& context) {
  TopModel model;
  if (options.once) {
    if (parse_duration(options.interval)->count() == 0) {
      return fail(ExitCode::Usage,
                  "--interval must be greater than zero: rates are measured over it");
    }
    return print_once(model, options, context);
  }
  if (context.json()) {
    return fail(ExitCode::Usage, "a full screen cannot be JSON; add --once for one document");
  }
  if (::isatty(STDOUT_FILENO) != 1 || ::isatty(STDIN_FILENO) != 1) {
    return fail(ExitCode::Usage, "top needs a terminal; add --once for one table");
  }
  try {
    // The terminal is restored before the message.
    const auto shown = show(model, options, context);
    return shown ? ExitCode::Fine : fail(shown.error());
  } catch (const std::exception& error) {
    return fail(ExitCode::Wrong, fmt::format("top failed: {}", error.what()));
  }
}

}  // namespace

void add_top(Commands& commands) {
  commands.add<TopOptions>("top", "All segments on a full screen, live", declare, run);
}

}  // namespace evo::tools
