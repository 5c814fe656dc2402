// SPDX-License-Identifier: Apache-2.0
#include "stub/player.hpp"

#include <algorithm>

#include "evo/clock.hpp"
#include "stub/cycles.hpp"

namespace evo::tools {

Player::Player(StubWriter& writer, StopSignals& stop, std::optional<std::uint64_t> span_ns)
    : writer_(writer),
      stop_(stop),
      start_ns_(monotonic_ns()),
      span_ns_(span_ns),
      end_ns_(span_ns ? start_ns_ + *span_ns : StopSignals::kNever) {}

Result<void> Player::publish_once(std::span<const std::byte> value) {
  const auto done = publish(value);
  if (!done) return tl::unexpected(done.error());
  wait_for_end();
  return {};
}

Result<void> Player::publish_at(double rate_hz, std::vector<std::byte> value,
                                const std::vector<Ramp>& ramps) {
  Cycles cycles(rate_hz, span_ns_);
  while (!cycles.done()) {
    if (!wait_until(cycles.due_ns())) return {};
    missed_ += cycles.catch_up(now_ns());
    if (cycles.done()) break;
    for (const Ramp& ramp : ramps) ramp.apply(cycles.due_ns(), cycles.last_ns(), value);
    const auto done = publish(value);
    if (!done) return tl::unexpected(done.error());
    if (!*done) return {};
    cycles.advance();
  }
  wait_for_end();
  return {};
}

Result<void> Player::publish_rows(Rows& rows, std::optional<double> rate_hz) {
  if (auto done = rate_hz ? publish_in_cycles(rows, *rate_hz) : publish_at_times(rows); !done) {
    return done;
  }
  if (span_ns_) wait_for_end();
  return {};
}

Result<void> Player::publish_in_cycles(Rows& rows, double rate_hz) {
  Cycles cycles(rate_hz, span_ns_);
  while (!cycles.done()) {
    const auto row = rows.next();
    if (!row) return tl::unexpected(row.error());
    // Waiting for a row does not count as a missed cycle.
    if (rows.come_later()) cycles.catch_up(now_ns());
    if (!wait_until(cycles.due_ns()) || !*row) return {};
    missed_ += cycles.catch_up(now_ns());
    if (cycles.done()) return {};
    const auto done = publish((*row)->value);
    if (!done) return tl::unexpected(done.error());
    if (!*done) return {};
    cycles.advance();
  }
  return {};
}

Result<void> Player::publish_at_times(Rows& rows) {
  std::uint64_t first_ns = 0;
  std::optional<std::uint64_t> before_ns;
  while (true) {
    const auto row = rows.next();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return {};
    if (!before_ns) first_ns = now_ns();
    const std::uint64_t due_ns = first_ns + (*row)->time_ns;
    if (before_ns && due_ns > *before_ns && now_ns() >= due_ns && !rows.come_later()) ++missed_;
    before_ns = due_ns;
    if (!wait_until(due_ns)) return {};
    const auto done = publish((*row)->value);
    if (!done) return tl::unexpected(done.error());
    if (!*done) return {};
  }
}

bool Player::wait_until(std::uint64_t since_start_ns) {
  const std::uint64_t due_ns = start_ns_ + since_start_ns;
  return stop_.wait_until(std::min(due_ns, end_ns_)) != Wake::Stop && due_ns < end_ns_;
}

std::uint64_t Player::now_ns() const {
  return monotonic_ns() - start_ns_;
}

Result<bool> Player::publish(std::span<const std::byte> value) {
  auto done = writer_.publish(value, stop_, end_ns_);
  if (done && *done) ++published_;
  return done;
}

}  // namespace evo::tools
