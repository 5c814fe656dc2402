// SPDX-License-Identifier: Apache-2.0
/// How the receiver of a ring sleeps until the next frame.
///
/// It sleeps on the commit word that the next frame will change, and says so in a word of its own.
/// The sender looks at that word once after a batch of frames. A full fence on both sides makes
/// sure that one of them sees the other: the receiver the frame, or the sender that it must wake.
#pragma once

#include <cstdint>

#include "evo/clock.hpp"
#include "evo/detail/waiting.hpp"
#include "evo/links/doorbell.hpp"
#include "evo/links/frame_receiver.hpp"
#include "evo/links/frame_sender.hpp"

namespace evo::links {

/// What a receiver tells the sender. The sender looks at `asleep` after each batch. In the line of
/// `taken`, which changes with each frame, that would delay the receiver's next store.
struct alignas(kCacheLine) ReceiverState {
  Position taken{0};  ///< for the FrameReceiver
  alignas(kCacheLine) detail::sync::atomic<std::uint32_t> asleep{0};
};

/// Sleeps until the next frame is there, or the time comes. `own` has the receiver's position.
inline void sleep_until_frame(const FrameReceiver& receiver, ReceiverState& own,
                              std::uint64_t until_ns) noexcept {
  // relaxed: detail::wait executes a full fence before it looks at the word. If that look misses a
  // frame, the frame's sender sees this store after its own fence, and the position before it.
  own.asleep.store(1, std::memory_order_relaxed);
  detail::wait({.waiters = {},
                .own_word = &receiver.next_commit(),
                .own_value = 0,
                .until_ns = until_ns,
                .spin = std::chrono::nanoseconds(0)});
  own.asleep.store(0, std::memory_order_relaxed);  // relaxed: it may be woken in vain
}

/// The same for the thread that a connection of a server has for itself. Its client looks at
/// `watch` after each frame. `fences`: it executes a fence before; otherwise this calls membarrier.
inline void sleep_until_request(const FrameReceiver& receiver, RingWatch& watch, bool fences,
                                std::uint64_t until_ns) noexcept {
  // relaxed: ordered by [watch].
  watch.watched.store(WatchedBy::SleepingThread, std::memory_order_relaxed);
  if (!DoorKeeper::order_last_look(fences)) {
    // The client may not see it.
    constexpr std::uint64_t kBlindSleepNs = 1'000'000;
    const std::uint64_t blind = monotonic_ns() + kBlindSleepNs;
    until_ns = until_ns < blind ? until_ns : blind;
  }
  detail::wait({.waiters = {},
                .own_word = &receiver.next_commit(),
                .own_value = 0,
                .until_ns = until_ns,
                .spin = std::chrono::nanoseconds(0)});
  // relaxed: the client may wake this thread in vain.
  watch.watched.store(WatchedBy::Thread, std::memory_order_relaxed);
}

/// To be called once after a batch of frames, even if it went to several receivers.
inline void order_before_wakes() noexcept {
  // seq_cst fence: pairs with that of detail::wait; one of the two sees the other's store.
  detail::sync::atomic_thread_fence(std::memory_order_seq_cst);
}

/// Wakes the receiver of this ring, which sleeps on the frame at its position.
inline void wake_receiver_at(const FrameSender& sender, const ReceiverState& receiver) noexcept {
  // relaxed: see sleep_until_frame. A wrong position harms only the receiver.
  const detail::Word& word = sender.commit_at(receiver.taken.load(std::memory_order_relaxed));
  detail::wake(reinterpret_cast<const std::uint32_t*>(&word));
}

/// The same if it sleeps; after order_before_wakes().
inline void wake_receiver(const FrameSender& sender, const ReceiverState& receiver) noexcept {
  // relaxed: see sleep_until_frame.
  if (receiver.asleep.load(std::memory_order_relaxed) != 0) [[unlikely]]
    wake_receiver_at(sender, receiver);
}

}  // namespace evo::links
