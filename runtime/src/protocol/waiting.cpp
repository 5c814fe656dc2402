// SPDX-License-Identifier: Apache-2.0
#include "evo/detail/waiting.hpp"

#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <climits>
#include <ctime>

#include "base/pause.hpp"
#include "evo/clock.hpp"
#include "evo/detail/barrier.hpp"
#include "system/kernel_time.hpp"

namespace evo::detail {

namespace {

/// Longest sleep before checking again if a writer relies on a membarrier that this process cannot
/// call.
constexpr std::uint64_t kBlindSleepNs = 1'000'000;

// The futex word is the low half of the version. A sleeper would miss a change only if exactly 2^31
// publishes happened between its check and its sleep.
static_assert(std::endian::native == std::endian::little,
              "the futex word is taken to be the low half of the version");

/// A time `ns` after `now_ns`.
constexpr std::uint64_t later(std::uint64_t now_ns, std::uint64_t ns) noexcept {
  return ns > Wait::kNever - now_ns ? Wait::kNever : now_ns + ns;
}

bool membarrier(int command) noexcept {
  return ::syscall(SYS_membarrier, command, 0, 0) == 0;
}

bool nothing_changed(const Waiter& waiter) noexcept {
  // relaxed: only compared; the caller reads the value through its own acquire loads.
  const bool same = waiter.header->version.load(std::memory_order_relaxed) == waiter.seen_version;
  return same && !is_news(waiter.last_seen, epoch_of(*waiter.control));
}

/// Looks at the waiter `first`, if there is one, before the others.
bool nothing_changed(const Wait& what, std::size_t first) noexcept {
  if (first < what.waiters.size() && !nothing_changed(what.waiters[first])) return false;
  // acquire [own-word]: pairs with the release of the thread that changed it. What it stands for is
  // visible after this.
  if (what.own_word != nullptr &&
      what.own_word->load(std::memory_order_acquire) != what.own_value) {
    return false;
  }
  return std::all_of(what.waiters.begin(), what.waiters.end(),
                     [](const Waiter& waiter) { return nothing_changed(waiter); });
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

/// Makes sure that each writer's next load of `waiters` sees our store; false if that is not
/// possible.
bool order_before_second_look(std::span<const Waiter> waiters) noexcept {
  // seq_cst fence [sleep]: with WakeProtocol::Fence, pairs with the writer's fence.
  sync::atomic_thread_fence(std::memory_order_seq_cst);
  const bool all_fence = std::all_of(waiters.begin(), waiters.end(), [](const Waiter& waiter) {
    // relaxed: written once, before the segment could be attached.
    const std::uint32_t protocol = waiter.control->wake_protocol.load(std::memory_order_relaxed);
    return static_cast<WakeProtocol>(protocol) == WakeProtocol::Fence;
  });
  return all_fence || fence_on_all_cores();
}

/// Whether a thread sleeps on its own word, too.
bool has_room_for_own(const Wait& what) noexcept {
  return what.own_word != nullptr && what.waiters.size() < Wait::kMostWords;
}

/// Whether this kernel has futex_waitv. A filter of system calls may answer EPERM.
std::atomic<bool> has_waitv{true};

/// In place of the index of a waiter.
constexpr std::size_t kNone = Wait::kMostWords;

/// Sleeps on the words of all until `until_ns`, or shorter. Returns immediately if one differs. The
/// caller's loop handles interrupted and spurious returns. Returns the waiter whose word woke it,
/// if the kernel says so: each look at another one may cost a page walk.
std::size_t sleep_on_all(const Wait& what, std::uint64_t until_ns) noexcept {
  std::array<futex_waitv, Wait::kMostWords> words;
  std::size_t count = 0;
  const auto add = [&](const void* address, std::uint32_t value) {
    words[count++] = {.val = value,
                      .uaddr = reinterpret_cast<std::uintptr_t>(address),
                      .flags = FUTEX_32,
                      .__reserved = 0};
  };
  const std::size_t own = has_room_for_own(what) ? 1 : 0;
  if (own != 0) add(what.own_word, static_cast<std::uint32_t>(what.own_value));
  for (const Waiter& waiter : what.waiters) {
    add(futex_word(*waiter.header), static_cast<std::uint32_t>(waiter.seen_version));
  }
  timespec until = kernel_time(until_ns);
  // relaxed: each thread finds out for itself.
  if (count > 1 && has_waitv.load(std::memory_order_relaxed)) {
    const long woken = ::syscall(SYS_futex_waitv, words.data(), count, 0, &until, CLOCK_MONOTONIC);
    if (woken >= 0) {
      const auto index = static_cast<std::size_t>(woken);
      return index < own ? kNone : index - own;
    }
    if (errno == EAGAIN || errno == EINTR || errno == ETIMEDOUT) return kNone;
    if (errno != ENOMEM) has_waitv.store(false, std::memory_order_relaxed);
  }
  // Polls the other words. It sleeps on one of them, so that this one at least wakes it.
  if (count > 1) until = kernel_time(std::min(until_ns, monotonic_ns() + Wait::kPollNs));
  // An absolute time, of CLOCK_MONOTONIC.
  ::syscall(SYS_futex, words[0].uaddr, FUTEX_WAIT_BITSET, words[0].val, &until, nullptr,
            FUTEX_BITSET_MATCH_ANY);
  return kNone;
}

/// The longest sleep before checking again.
std::uint64_t longest_sleep(const Wait& what, bool all_writers_wake) noexcept {
  if (!all_writers_wake) return kBlindSleepNs;
  if (what.own_word != nullptr && !has_room_for_own(what)) return Wait::kCrowdedSleepNs;
  return what.waiters.empty() ? Wait::kNever : Wait::kLongestSleepNs;
}

}  // namespace

WriterEpoch epoch_of(const ControlFile& control) noexcept {
  // relaxed, all three: only decide whether to continue waiting.
  return {.generation = control.generation.load(std::memory_order_relaxed),
          .phase = control.phase.load(std::memory_order_relaxed),
          .found_dead_ns = control.found_dead_ns.load(std::memory_order_relaxed)};
}

WakeProtocol register_writer_for_wakes() noexcept {
  return membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED) ? WakeProtocol::Membarrier
                                                              : WakeProtocol::Fence;
}

bool fence_on_all_cores() noexcept {
  return membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED);
}

bool is_news(const WriterEpoch& before, const WriterEpoch& now) noexcept {
  return now.generation != before.generation || now.phase != before.phase ||
         (now.found_dead_ns != 0 && now.found_dead_ns != before.found_dead_ns);
}

const std::uint32_t* futex_word(const SegmentHeader& header) noexcept {
  return reinterpret_cast<const std::uint32_t*>(&header.version);
}

void wake(const std::uint32_t* word) noexcept {
  const int saved_errno = errno;
  ::syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
  errno = saved_errno;
}

void wake_all(const SegmentHeader& header) noexcept {
  wake(futex_word(header));
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

std::uint64_t end_of_wait(std::uint64_t now_ns, std::chrono::nanoseconds timeout) noexcept {
  return later(now_ns, static_cast<std::uint64_t>(std::max<std::int64_t>(0, timeout.count())));
}

void wait(const Wait& what) noexcept {
  const std::uint64_t spin_until = std::min(end_of_wait(monotonic_ns(), what.spin), what.until_ns);
  while (monotonic_ns() < spin_until) {
    if (!nothing_changed(what, kNone)) return;
    pause();
  }
  if (!std::all_of(what.waiters.begin(), what.waiters.end(), announce)) return;
  for (const Waiter& waiter : what.waiters) {
    waiter.entry->waiting.store(1, std::memory_order_relaxed);  // relaxed: advice
  }
  const std::uint64_t longest = longest_sleep(what, order_before_second_look(what.waiters));
  std::size_t woken_by = kNone;
  while (nothing_changed(what, woken_by)) {
    const std::uint64_t now = monotonic_ns();
    if (now >= what.until_ns) break;
    woken_by = sleep_on_all(what, std::min(what.until_ns, later(now, longest)));
  }
  // The next publish clears what the announcement left in `waiters`.
}

void mark_awake(const Waiter& waiter) noexcept {
  waiter.entry->waiting.store(0, std::memory_order_relaxed);  // relaxed: advice
}

WriterEpoch wait(const Waiter& waiter, std::chrono::nanoseconds timeout) noexcept {
  wait({.waiters = {&waiter, 1}, .until_ns = end_of_wait(monotonic_ns(), timeout)});
  mark_awake(waiter);
  return epoch_of(*waiter.control);
}

}  // namespace evo::detail
