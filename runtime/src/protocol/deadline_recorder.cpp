// SPDX-License-Identifier: Apache-2.0
#include "evo/detail/deadline_recorder.hpp"

#include <algorithm>
#include <bit>
#include <limits>

#include "evo/clock.hpp"

namespace evo::detail {

namespace {

/// Bucket 0 ends at 2^8 ns.
constexpr unsigned kFirstBucketBits = 8;

void add_one(sync::atomic<std::uint64_t>& counter) noexcept {
  // relaxed, both: only this endpoint stores to it (I1), and observers read each number on its own.
  counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

void raise(sync::atomic<std::uint64_t>& greatest, std::uint64_t value) noexcept {
  // relaxed, both: as in add_one.
  if (value > greatest.load(std::memory_order_relaxed)) {
    greatest.store(value, std::memory_order_relaxed);
  }
}

/// Counts a miss if there is a deadline; always keeps the worst value.
void judge(std::uint64_t value, std::uint64_t deadline, sync::atomic<std::uint64_t>& worst,
           sync::atomic<std::uint64_t>& misses) noexcept {
  raise(worst, value);
  if (deadline != 0 && value > deadline) add_one(misses);
}

/// Sets all counters of a block to zero, but not its session.
void clear_figures(WatchBlock& block) noexcept {
  // relaxed: an observer that reads them in the meantime finds that the session has changed.
  for (auto* figure :
       {&block.operations, &block.late, &block.slow, &block.stale, &block.longest_interval_ns,
        &block.longest_duration_ns, &block.greatest_age_ns}) {
    figure->store(0, std::memory_order_relaxed);
  }
  for (auto& bucket : block.jitter) bucket.store(0, std::memory_order_relaxed);
}

/// Restarts the figures for a session.
void reset(WatchBlock& block, std::uint32_t session) noexcept {
  // relaxed: the fence orders it before the figures.
  block.session.store(0, std::memory_order_relaxed);
  // release fence [figures-reset]: pairs with the acquire fence. An observer that has seen a figure
  // of the new session sees that the former session is over.
  sync::atomic_thread_fence(std::memory_order_release);
  clear_figures(block);
  // release [figures]: pairs with the acquire load. An observer that sees the session sees no older
  // figures.
  block.session.store(session, std::memory_order_release);
}

}  // namespace

std::size_t jitter_bucket(std::uint64_t jitter_ns) noexcept {
  const auto bits = static_cast<std::size_t>(std::bit_width(jitter_ns >> kFirstBucketBits));
  return std::min(bits, WatchBlock::kJitterBuckets - 1);
}

std::uint64_t jitter_bucket_end_ns(std::size_t bucket) noexcept {
  if (bucket >= WatchBlock::kJitterBuckets - 1) return std::numeric_limits<std::uint64_t>::max();
  return std::uint64_t{1} << (kFirstBucketBits + bucket);
}

DeadlineRecorder::DeadlineRecorder(const ControlFile* control, WatchBlock* block,
                                   const EndpointPromise& promise) noexcept
    : DeadlineRecorder(control, block, promise, StampClock::for_this_machine()) {}

DeadlineRecorder::DeadlineRecorder(const ControlFile* control, WatchBlock* block,
                                   const EndpointPromise& promise, const StampClock& clock) noexcept
    : control_(control), block_(block), promise_(promise), clock_(clock) {
  reset(*block_, 0);
}

void DeadlineRecorder::operation_began() noexcept {
  // acquire [watch-session]: pairs with the release store of the process that started the watch, so
  // that the deadlines are those of this session.
  const std::uint32_t session = control_->watch_session.load(std::memory_order_acquire);
  // 0: the watch was just switched off; this operation still counts for the previous session.
  if (session != session_ && session != 0) begin_session(session);
  began_ns_ = clock_.now();
}

void DeadlineRecorder::begin_session(std::uint32_t session) noexcept {
  // relaxed, all three: ordered by [watch-session]. If another start follows immediately, the
  // deadlines may change while they are read; then the next operation finds the new session and
  // starts over.
  const std::uint64_t deadline = control_->watch_deadline_ns.load(std::memory_order_relaxed);
  const auto& duration =
      promise_.writes ? control_->watch_write_deadline_ns : control_->watch_read_deadline_ns;
  duration_deadline_ns_ = duration.load(std::memory_order_relaxed);
  interval_deadline_ns_ = deadline != 0 ? deadline : 2 * promise_.period_ns;
  age_deadline_ns_ = promise_.max_age_ns != 0 ? promise_.max_age_ns : deadline;
  session_ = session;
  last_ns_ = 0;
  interval_ns_ = 0;
  reset(*block_, session);
}

void DeadlineRecorder::record(std::uint64_t began_ns, std::uint64_t ended_ns,
                              std::uint64_t stamp_ns) noexcept {
  if (session_ == 0) return;
  add_one(block_->operations);
  // Stamps come from another process's clock, which may be a little ahead of ours.
  const std::uint64_t duration = ended_ns > began_ns ? ended_ns - began_ns : 0;
  judge(duration, duration_deadline_ns_, block_->longest_duration_ns, block_->slow);
  if (stamp_ns != 0) {
    if (is_in_future(stamp_ns, ended_ns)) {
      add_one(block_->stale);
    } else {
      const std::uint64_t age = ended_ns > stamp_ns ? ended_ns - stamp_ns : 0;
      judge(age, age_deadline_ns_, block_->greatest_age_ns, block_->stale);
    }
  }
  if (last_ns_ != 0) record_interval(ended_ns > last_ns_ ? ended_ns - last_ns_ : 0);
  last_ns_ = ended_ns;
}

void DeadlineRecorder::record_interval(std::uint64_t interval_ns) noexcept {
  judge(interval_ns, interval_deadline_ns_, block_->longest_interval_ns, block_->late);
  // Without a promised period, each interval is compared with the previous one.
  const std::uint64_t expected = promise_.period_ns != 0 ? promise_.period_ns : interval_ns_;
  if (expected != 0) {
    count_jitter(interval_ns > expected ? interval_ns - expected : expected - interval_ns);
  }
  interval_ns_ = interval_ns;
}

void DeadlineRecorder::count_jitter(std::uint64_t jitter_ns) noexcept {
  sync::atomic<std::uint32_t>& bucket = block_->jitter[jitter_bucket(jitter_ns)];
  // relaxed, here: as in add_one.
  if (bucket.load(std::memory_order_relaxed) == std::numeric_limits<std::uint32_t>::max()) {
    // Full: halve all buckets, so that their shares stay the same.
    for (auto& each : block_->jitter) {
      each.store(each.load(std::memory_order_relaxed) / 2, std::memory_order_relaxed);
    }
  }
  bucket.store(bucket.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

bool operation_began(DeadlineRecorder* recorder) noexcept {
  if (recorder == nullptr) return false;
  recorder->operation_began();
  return true;
}

void operation_done(DeadlineRecorder* recorder, const ReaderSlot& slot, Sequence n) noexcept {
  std::uint64_t stamp_ns = 0;
  const bool found = slot.try_read(n, [&](const ReaderSlot& same) {
    if (same.is_stamped()) stamp_ns = same.stamp_ns();
  });
  recorder->operation_done(found ? stamp_ns : 0);
}

}  // namespace evo::detail
