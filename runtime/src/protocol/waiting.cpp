// SPDX-License-Identifier: Apache-2.0
#include "evo/detail/waiting.hpp"

#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <climits>
#include <ctime>

#include "base/pause.hpp"
#include "evo/clock.hpp"

namespace evo::detail {

namespace {

/// Sleeping and waking cost tens of microseconds; spinning this long detects an earlier publish
/// without them.
constexpr std::uint64_t kSpinNs = 20'000;
/// Longest sleep before checking again: a replaced segment has no writer that wakes the sleepers.
constexpr std::uint64_t kLongestSleepNs = 100'000'000;
/// The same if the writer relies on a membarrier that this process cannot call.
constexpr std::uint64_t kBlindSleepNs = 1'000'000;

// The futex word is the low half of the version. A sleeper would miss a change only if exactly 2^31
// publishes happened between its check and its sleep.
static_assert(std::endian::native == std::endian::little,
              "the futex word is taken to be the low half of the version");

const std::uint32_t* futex_word(const SegmentHeader& header) noexcept {
  return reinterpret_cast<const std::uint32_t*>(&header.version);
}

long membarrier(int command) noexcept {
  return ::syscall(SYS_membarrier, command, 0, 0);
}

/// Whether the wait of a reader that last saw `before` ends with `now`. It goes on if a takeover
/// clears the mark of a death.
bool is_news(const WriterEpoch& before, const WriterEpoch& now) noexcept {
  return now.generation != before.generation || now.phase != before.phase ||
         (now.found_dead_ns != 0 && now.found_dead_ns != before.found_dead_ns);
}

bool nothing_changed(const Waiter& waiter) noexcept {
  // relaxed: only compared; the caller reads the value through its own acquire loads.
  const bool same = waiter.header->version.load(std::memory_order_relaxed) == waiter.seen_version;
  return same && !is_news(waiter.last_seen, epoch_of(*waiter.control));
}

void sleep_on(const SegmentHeader& header, std::uint64_t seen_version, std::uint64_t ns) noexcept {
  const timespec timeout{static_cast<time_t>(ns / 1'000'000'000U),
                         static_cast<long>(ns % 1'000'000'000U)};
  // Returns immediately if the word differs. The caller's loop handles interrupted and spurious
  // returns.
  ::syscall(SYS_futex, futex_word(header), FUTEX_WAIT, static_cast<std::uint32_t>(seen_version),
            &timeout, nullptr, 0);
}

/// The value of `waiters` for a reader that sleeps after this version. Versions are even, so it is
/// never 0.
constexpr std::uint64_t sleeping_after(std::uint64_t version) noexcept {
  return version + 1;
}

/// Records in `waiters` that a reader is about to sleep on the version it saw. Returns false if
/// there is a later version.
bool announce(const Waiter& waiter) noexcept {
  const std::uint64_t wanted = sleeping_after(waiter.seen_version);
  // acquire [waiters]: pairs with the release below. A reader that finds a version there that it
  // has not seen yet sees that version in the load of the header, and does not replace it (I1).
  std::uint64_t said = waiter.control->waiters.load(std::memory_order_acquire);
  while (said != wanted) {
    // relaxed: only compared, as in nothing_changed().
    if (waiter.header->version.load(std::memory_order_relaxed) != waiter.seen_version) return false;
    // release [waiters], acquire on failure: as above. order_before_second_look() makes sure
    // that the writer sees it, even if another reader has stored the same value.
    if (waiter.control->waiters.compare_exchange_weak(said, wanted, std::memory_order_release,
                                                      std::memory_order_acquire)) {
      break;
    }
  }
  return true;
}

/// Makes sure that the writer's next load of `waiters` sees our store; false if that is not
/// possible.
bool order_before_second_look(const ControlFile& control) noexcept {
  // relaxed: written once, before the segment could be attached.
  const auto protocol =
      static_cast<WakeProtocol>(control.wake_protocol.load(std::memory_order_relaxed));
  // seq_cst fence [sleep]: with WakeProtocol::Fence, pairs with the writer's fence.
  sync::atomic_thread_fence(std::memory_order_seq_cst);
  if (protocol == WakeProtocol::Fence) return true;
  return membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED) == 0;
}

}  // namespace

WriterEpoch epoch_of(const ControlFile& control) noexcept {
  // relaxed, all three: only decide whether to continue waiting.
  return {.generation = control.generation.load(std::memory_order_relaxed),
          .phase = control.phase.load(std::memory_order_relaxed),
          .found_dead_ns = control.found_dead_ns.load(std::memory_order_relaxed)};
}

WakeProtocol register_writer_for_wakes() noexcept {
  return membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED) == 0 ? WakeProtocol::Membarrier
                                                                   : WakeProtocol::Fence;
}

void wake_all(const SegmentHeader& header) noexcept {
  ::syscall(SYS_futex, futex_word(header), FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

void wake_waiters(const SegmentHeader& header, ControlFile& control,
                  std::uint64_t version) noexcept {
  // relaxed, both: the value is only compared, and nothing is read through it. If a reader stores
  // another one in between, the exchange fails, so I1 holds.
  std::uint64_t said = control.waiters.load(std::memory_order_relaxed);
  if (said != sleeping_after(version)) {
    control.waiters.compare_exchange_strong(said, 0, std::memory_order_relaxed);
  }
  wake_all(header);
}

WriterEpoch wait(const Waiter& waiter, std::chrono::nanoseconds timeout) noexcept {
  const std::uint64_t start = monotonic_ns();
  const auto budget = static_cast<std::uint64_t>(std::max<std::int64_t>(0, timeout.count()));
  while (monotonic_ns() - start < std::min(kSpinNs, budget)) {
    if (!nothing_changed(waiter)) return epoch_of(*waiter.control);
    pause();
  }
  if (!announce(waiter)) return epoch_of(*waiter.control);
  // relaxed: advice.
  waiter.entry->waiting.store(1, std::memory_order_relaxed);
  const std::uint64_t longest =
      order_before_second_look(*waiter.control) ? kLongestSleepNs : kBlindSleepNs;
  while (nothing_changed(waiter)) {
    const std::uint64_t elapsed = monotonic_ns() - start;
    if (elapsed >= budget) break;
    sleep_on(*waiter.header, waiter.seen_version, std::min(longest, budget - elapsed));
  }
  // relaxed: advice. The next publish clears what the announcement left in `waiters`.
  waiter.entry->waiting.store(0, std::memory_order_relaxed);
  return epoch_of(*waiter.control);
}

}  // namespace evo::detail
