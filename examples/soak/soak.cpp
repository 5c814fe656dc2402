// SPDX-License-Identifier: Apache-2.0
#include "soak/soak.hpp"
#include "evo/clock.hpp"
#include "evo/cycle.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "common/stop_signal.hpp"
#include "evo/format.hpp"
#include "evo/segment_info.hpp"

namespace evo::machine {

namespace {

constexpr std::uint64_t kSecondNs = 1'000'000'000;
constexpr std::uint64_t kQuietNs = 2 * kSecondNs;
constexpr std::uint64_t kLongestWarmUpNs = 30 * kSecondNs;
/// A killed process ends when its threads of lowest priority have run once more, which takes a
/// while on a busy computer.
constexpr std::chrono::seconds kPatience{60};

template <class Channel>
std::uint64_t max_age_ns() {
  return static_cast<std::uint64_t>(std::chrono::nanoseconds(Channel::max_age).count());
}

}  // namespace

Soak::Soak(const SoakOptions& options, const PrivateDomain& domain, Cell& cell,
           std::filesystem::path program)
    : options_(options),
      domain_(domain),
      cell_(cell),
      program_(std::move(program)),
      random_(options.seed),
      log_("soak", own_log_),
      reader_(log_, domain.domain()),
      watches_{StaleWatch(max_age_ns<cell::hal::PhysInputIoChannel>()),
               StaleWatch(max_age_ns<cell::control::ControlStateChannel>()),
               StaleWatch(max_age_ns<cell::recipe::PhysOutputIoChannel>())} {
  for (const char* name : kWriters) result_.kills.emplace_back(name, 0);
  result_.kills.emplace_back("readers", 0);
}

std::uint64_t Soak::random(std::uint64_t lowest, std::uint64_t highest) {
  return std::uniform_int_distribution<std::uint64_t>(lowest, highest)(random_);
}

tl::expected<void, std::string> Soak::go() {
  if (auto started = start_readers(); !started) return started;
  if (auto up = come_up(); !up) return up;
  const auto whole_ns = static_cast<std::uint64_t>(options_.seconds * 1e9);
  const std::uint64_t warm_up_ns = std::min(kLongestWarmUpNs, whole_ns / 4);
  began_ns_ = monotonic_ns();
  if (auto done = pass(warm_up_ns, true); !done) return done;
  if (auto done = pass(kQuietNs, false); !done) return done;
  count(false);
  if (auto done = pass(whole_ns - warm_up_ns, true); !done) return done;
  if (auto done = pass(kQuietNs, false); !done) return done;
  count(true);
  result_.seconds = static_cast<double>(monotonic_ns() - began_ns_) * 1e-9;
  return {};
}

tl::expected<void, std::string> Soak::start_readers() {
  for (std::size_t i = 0; i < kReaders; ++i) {
    auto reader = ChildProcess::start(program_, {"--read", domain_.path()});
    if (!reader) return tl::unexpected(reader.error());
    readers_.push_back(std::move(*reader));
  }
  return {};
}

tl::expected<void, std::string> Soak::come_up() {
  constexpr std::uint64_t kCycles = 30'000;
  for (const Cycle& cycle : cycles(std::chrono::milliseconds(1), {}, stop_flag())) {
    if (cycle.number() > kCycles) break;
    reader_.poll();
    if (reader_.cell_is_up()) return {};
    if (auto trouble = cell_.trouble()) return tl::unexpected(*trouble);
  }
  if (stop_requested()) return {};
  return tl::unexpected<std::string>("the cell did not come up");
}

tl::expected<void, std::string> Soak::pass(std::uint64_t duration_ns, bool with_kills) {
  const std::uint64_t end_ns = monotonic_ns() + duration_ns;
  for (const Cycle& cycle : cycles(std::chrono::milliseconds(1), {}, stop_flag())) {
    reader_.poll();
    watch();
    const std::uint64_t now_ns = cycle.began_ns();
    if (auto fine = look_around(now_ns); !fine) return fine;
    if (now_ns >= end_ns) break;
    if (!with_kills || now_ns < next_kill_ns_) continue;
    next_kill_ns_ = now_ns + random(50, 1500) * 1'000'000;
    if (auto killed = kill_one(); !killed) return killed;
  }
  return {};
}

void Soak::watch() {
  const auto looks = reader_.looks();
  for (std::size_t i = 0; i < watches_.size(); ++i) {
    const auto verdict =
        watches_[i].look(looks.at(i), [&] { return sleeps_of(cell_.pid(kWriters.at(i))); });
    if (verdict == StaleWatch::Verdict::Stalled) ++result_.stalls;
    if (verdict != StaleWatch::Verdict::Missed) continue;
    ++result_.misses;
    log_.error("missed", {{"module", kWriters.at(i)},
                          {"sequence", looks.at(i).sequence},
                          {"age_ns", looks.at(i).age_ns}});
  }
}

tl::expected<void, std::string> Soak::kill_one() {
  // Our cycles and theirs begin at fixed times: without this delay the kill would always hit the
  // same moment.
  std::this_thread::sleep_for(std::chrono::microseconds(random(0, 1000)));
  const std::size_t victim = random(0, kWriters.size() + kReaders - 2);
  if (victim < kWriters.size()) {
    auto report = cell_.restart(kWriters.at(victim));
    if (!report) return tl::unexpected(report.error());
    watches_[victim].begin_life(reader_.looks().at(victim).sequence);
    ++result_.kills[victim].second;
    for (std::string& error : report->errors) result_.add_error(std::move(error));
    return {};
  }
  ChildProcess& reader = readers_[1 + victim - kWriters.size()];
  reader.signal(SIGKILL);
  if (!reader.wait(kPatience)) return tl::unexpected<std::string>("a reader outlived SIGKILL");
  take_reader_lines(reader);
  auto next = ChildProcess::start(program_, {"--read", domain_.path()});
  if (!next) return tl::unexpected(next.error());
  reader = std::move(*next);
  ++result_.kills.back().second;
  return {};
}

tl::expected<void, std::string> Soak::look_around(std::uint64_t now_ns) {
  if (now_ns < next_look_ns_) return {};
  next_look_ns_ = now_ns + kSecondNs / 10;
  if (auto trouble = cell_.trouble()) return tl::unexpected(*trouble);
  for (std::string& line : cell_.take_errors()) result_.add_error(std::move(line));
  for (ChildProcess& reader : readers_) {
    take_reader_lines(reader);
    if (!reader.running()) {
      return tl::unexpected(fmt::format("a reader has ended by itself ({})", reader.failure()));
    }
  }
  take_own_lines();
  ++result_.listings;
  if (const auto listed = list_segments(domain_.domain()); !listed) {
    result_.add_error(fmt::format("list_segments: {}", listed.error()));
  }
  if (now_ns >= next_command_ns_) {
    next_command_ns_ = now_ns + kSecondNs;
    ++result_.commands;
    // Not random: when a command is due depends on the computer, and the kills must depend on the
    // seed alone.
    cell_.command(fmt::format("setpoint {}", 1 + result_.commands % 30));
  }
  if (now_ns >= next_line_ns_) {
    next_line_ns_ = now_ns + 10 * kSecondNs;
    std::uint64_t kills = 0;
    for (const auto& [name, number] : result_.kills) kills += number;
    fmt::print("t={:.0f}s kills={} misses={} errors={} files={}\n",
               static_cast<double>(now_ns - began_ns_) * 1e-9, kills, result_.misses,
               result_.errors.size() + result_.more_errors, domain_.files().size());
    std::fflush(stdout);
  }
  return {};
}

void Soak::take_reader_lines(ChildProcess& reader) {
  reader.drain();
  for (std::string& line : reader.take_lines()) {
    if (tells_of_trouble(line)) result_.add_error(std::move(line));
  }
}

void Soak::take_own_lines() {
  for (std::string& line : own_log_) {
    if (tells_of_trouble(line)) result_.add_error(std::move(line));
  }
  own_log_.clear();
}

void Soak::count(bool after) {
  const std::array<std::pair<const char*, pid_t>, 3> processes = {
      {{"soak", ::getpid()},
       {"reader", readers_.front().pid()},
       {"api_liaison", cell_.pid("api_liaison")}}};
  for (std::size_t i = 0; i < processes.size(); ++i) {
    const auto& [name, pid] = processes.at(i);
    if (!after) result_.long_lived.push_back({.name = name, .before = figures_of(pid)});
    if (after) result_.long_lived.at(i).after = figures_of(pid);
  }
  (after ? result_.files_after : result_.files_before) = domain_.files().size();
}

SoakResult Soak::finish() {
  for (const ChildProcess& reader : readers_) reader.signal(SIGTERM);
  InputStatistics inputs = reader_.statistics();
  result_.reads = inputs.reads;
  result_.torn = inputs.torn;
  result_.vanished = inputs.vanished;
  result_.taken = reader_.taken();
  result_.broken = reader_.broken();
  std::vector<ModuleReport> reports = cell_.stop();
  for (ChildProcess& reader : readers_) {
    reports.push_back(
        {.name = "reader", .started = {}, .summary = {}, .errors = {}, .failure = {}});
    if (!reader.wait(kPatience)) reader.signal(SIGKILL);
    for (std::string& line : reader.take_lines()) {
      if (tells_of_trouble(line)) reports.back().errors.push_back(line);
      auto fields = parse_log_line(line);
      if (fields["event"] == "summary") reports.back().summary = std::move(fields);
    }
    reports.back().failure = reader.failure();
  }
  for (ModuleReport& report : reports) {
    result_.reads += report.number("reads");
    result_.torn += report.number("torn");
    result_.vanished += report.number("vanished");
    result_.taken += report.number("taken");
    result_.broken += report.number("broken");
    for (std::string& error : report.errors) result_.add_error(std::move(error));
    if (report.failure.empty()) continue;
    result_.add_error(fmt::format("{} ended with {}", report.name, report.failure));
  }
  reader_.detach();  // the last reader to detach from a closed segment removes its control file
  result_.leftovers = domain_.files();
  take_own_lines();
  return std::move(result_);
}

}  // namespace evo::machine
