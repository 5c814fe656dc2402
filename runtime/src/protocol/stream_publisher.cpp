// SPDX-License-Identifier: Apache-2.0
#include "evo/detail/stream_publisher.hpp"

#include <algorithm>
#include <ctime>

#include "base/pause.hpp"
#include "evo/clock.hpp"
#include "system/fork_guard.hpp"
#include "system/kernel_lock.hpp"

namespace evo::detail {

namespace {

/// A reader that keeps up makes room in less time than a sleep takes.
constexpr std::uint64_t kSpinForRoomNs = 100'000;
constexpr std::uint64_t kShortestPauseNs = 50'000;
constexpr std::uint64_t kLongestPauseNs = 2'000'000;
/// How often one check tries to lock entries of dead readers; each try takes one or two system
/// calls.
constexpr int kMostLockings = 64;
/// Number of entries of the reader table that are prefetched ahead of their use.
constexpr std::uint32_t kFetchedAhead = 16;

void sleep_for(std::uint64_t ns) noexcept {
  const timespec time{static_cast<time_t>(ns / 1'000'000'000U),
                      static_cast<long>(ns % 1'000'000'000U)};
  ::nanosleep(&time, nullptr);
}

}  // namespace

std::optional<std::uint64_t> StreamPublisher::unread_by(std::uint32_t index) const noexcept {
  const ReaderEntry& entry = control_->readers()[index];
  step(Step::WriterLoadCursor);
  // acquire [cursor]: pairs with the reader's release store. Stores into the slots that this cursor
  // frees come after the reader's last read of them.
  const std::uint64_t cursor = entry.cursor.load(std::memory_order_acquire);
  // relaxed: stored before the cursor. A cursor of another data file says nothing about these
  // slots.
  if (cursor == 0 || entry.generation.load(std::memory_order_relaxed) != generation_) {
    return std::nullopt;
  }
  const Sequence next = geometry_.after(ring_.sequence(), 1);
  const std::uint64_t capacity = geometry_.count - 1;
  // More than the capacity only if the reader reads values from before it attached, which no writer
  // keeps for it. The reader may also wait for a value that is still to come.
  return geometry_.is_after(next, cursor / 2)
             ? std::min(geometry_.distance(cursor / 2, next), capacity)
             : 0;
}

std::uint32_t StreamPublisher::entries_used() const noexcept {
  // relaxed: if a reader has raised it since, fence [cursor-new] guarantees nothing about its
  // cursor.
  return std::min(control_->entries_used.load(std::memory_order_relaxed), table_size_);
}

std::optional<StreamReaderPlace> StreamPublisher::slowest_reader() const noexcept {
  std::optional<StreamReaderPlace> slowest;
  const std::uint32_t used = entries_used();
  for (std::uint32_t i = 0; i < used; ++i) {
    // Each entry's cache line comes from the core of its reader. Several are fetched at the same
    // time.
    if (i + kFetchedAhead < used) {
      __builtin_prefetch(&control_->readers()[i + kFetchedAhead].cursor);
    }
    const auto unread = unread_by(i);
    if (!unread || (slowest && *unread <= slowest->unread)) continue;
    // relaxed: advice.
    const std::uint32_t pid = control_->readers()[i].pid.load(std::memory_order_relaxed);
    slowest = StreamReaderPlace{i, *unread, pid};
  }
  return slowest;
}

bool StreamPublisher::look_at_cursors() noexcept {
  const std::uint64_t capacity = geometry_.count - 1;
  // seq_cst fence [cursor-new]: pairs with the fence of a reader that attaches. Either the loads
  // below see its cursor, or it sees every publish before this fence.
  sync::atomic_thread_fence(std::memory_order_seq_cst);
  const auto slowest = slowest_reader();
  // Computed as if the newest value were always unread: by I2, it is unread for the next reader
  // that attaches.
  room_ = capacity - std::max<std::uint64_t>(1, slowest ? slowest->unread : 0);
  return room_ != 0;
}

bool StreamPublisher::look_for_room() noexcept {
  if (overflow_ == Overflow::Overwrite) {
    room_ = kNoLimit;
    return true;
  }
  return look_at_cursors() || (drop_dead_readers() && look_at_cursors());
}

bool StreamPublisher::drop_dead_readers() noexcept {
  // The locks of another file say nothing about our readers.
  if (locks_ == nullptr || !locks_->is_open()) return false;
  const std::uint64_t capacity = geometry_.count - 1;
  const std::uint32_t used = entries_used();
  const auto holds_back = [&](std::uint32_t i) { return unread_by(i) == capacity; };
  int lockings = 0;
  for (std::uint32_t i = 0; i < used;) {
    if (!holds_back(i)) {
      ++i;
      continue;
    }
    // Adjacent entries are locked with one call: many readers may die together.
    std::uint32_t end = i + 1;
    while (end < used && holds_back(end)) ++end;
    // The next push continues with the rest.
    if (++lockings > kMostLockings) return false;
    if (!lock_quietly(locks_->get(), reader_lock_byte(i), end - i)) return false;  // one is alive
    // Until they are unlocked, no reader can take these entries (I2 of the control file).
    const std::uint32_t first = i;
    for (; i < end; ++i) {
      if (i + kFetchedAhead < end) {
        __builtin_prefetch(&control_->readers()[i + kFetchedAhead].cursor, 1);
      }
      // relaxed, both: the lock orders them for the reader that takes the entry next.
      control_->readers()[i].cursor.store(0, std::memory_order_relaxed);
      control_->readers()[i].pid.store(0, std::memory_order_relaxed);
    }
    unlock(locks_->get(), reader_lock_byte(first), end - first);
  }
  return true;
}

std::optional<WriteError> StreamPublisher::make_room(std::chrono::nanoseconds timeout) noexcept {
  if (const auto refused = ring_.refusal()) return refused;
  if (look_for_room()) return std::nullopt;
  if (timeout <= std::chrono::nanoseconds::zero()) return WriteError::WouldBlock;
  const auto budget = static_cast<std::uint64_t>(timeout.count());
  const std::uint64_t start = monotonic_ns();
  std::uint64_t pause_ns = kShortestPauseNs;
  while (true) {
    const std::uint64_t elapsed = monotonic_ns() - start;
    if (elapsed >= budget) return WriteError::Timeout;
    if (elapsed < kSpinForRoomNs) {
      pause();
    } else {
      sleep_for(std::min(pause_ns, budget - elapsed));
      pause_ns = std::min(2 * pause_ns, kLongestPauseNs);
    }
    if (ring_.is_fenced()) return WriteError::Fenced;
    if (look_for_room()) return std::nullopt;
  }
}

std::optional<Sequence> find_last_of_stream(const SegmentHeader& header, const std::byte* slots,
                                            const SlotGeometry& geometry) noexcept {
  // A batch is announced before it wraps around to the slot that the header names.
  return find_last_in_row(header, slots, geometry, geometry.count - 1);
}

}  // namespace evo::detail
