// SPDX-License-Identifier: Apache-2.0
/// How the receiver of a ring sleeps until the next frame.
///
/// It sleeps on the commit word that the next frame will change, and says so in a word of its own.
/// The sender looks at that word once after a batch of frames. A full fence on both sides makes
/// sure that one of them sees the other: the receiver the frame, or the sender that it must wake.
#pragma once

#include <cstdint>

#include "evo/detail/waiting.hpp"
#include "evo/links/frame_receiver.hpp"
#include "evo/links/frame_sender.hpp"

namespace evo::links {

/// What a receiver tells the sender, in one line.
struct alignas(kCacheLine) ReceiverState {
  Position taken{0};  ///< for the FrameReceiver
  detail::sync::atomic<std::uint32_t> asleep{0};
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

/// To be called once after a batch of frames, even if it went to several receivers.
inline void order_before_wakes() noexcept {
  // seq_cst fence: pairs with that of detail::wait; one of the two sees the other's store.
  detail::sync::atomic_thread_fence(std::memory_order_seq_cst);
}

/// Wakes the receiver of this ring if it sleeps; after order_before_wakes().
inline void wake_receiver(const FrameSender& sender, const ReceiverState& receiver) noexcept {
  // relaxed, both: see sleep_until_frame. A wrong position harms only the receiver.
  if (receiver.asleep.load(std::memory_order_relaxed) == 0) [[likely]]
    return;
  const detail::Word& word = sender.commit_at(receiver.taken.load(std::memory_order_relaxed));
  detail::wake(reinterpret_cast<const std::uint32_t*>(&word));
}

}  // namespace evo::links
