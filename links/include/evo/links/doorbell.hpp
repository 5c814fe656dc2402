// SPDX-License-Identifier: Apache-2.0
/// How a server learns which of its connections have requests, without looking at all of them.
///
/// The server polls some rings and says so in a word of each connection: it *watches* the ring. A
/// client that has sent a frame loads that word. As long as the ring is watched, that is all. If it
/// is not, the client rings: it sets the bit of its connection, and wakes the server if it sleeps.
/// From then on the server watches the ring, until it has been idle for a while.
///
/// The bit means "watched", not "has frames": so it hardly ever changes, and a send only loads a
/// line that stays in the client's cache.
///
/// A full fence in every send would cost more than the send itself. So the server pays when it
/// stops watching: for a whole batch of rings it clears the words, makes every core execute a
/// barrier by membarrier, and looks at each ring once more. The client either has committed its
/// frame before that barrier, and the last look finds it, or loads the word after the barrier, and
/// rings.
///
/// I1: a ring that is not watched holds no frame, or its bit is set, or its client is about to set
///     the bit, or the server is about to look at it.
/// I2: while the server sleeps no bit is set, or the client that has set it is about to wake it. A
///     ring that it watches during the sleep holds no frame, or its client is about to wake it.
///
/// Both hold among clients that follow the protocol. All clients can write the bits, so a hostile
/// one can clear those of the others. Therefore a server looks at all its rings at least once every
/// kLongestSilenceNs, and sleeps no longer: a hostile client delays others, but does not stop them.
///
/// The client of a call waits for the reply anyway, so it executes a full fence in each send. The
/// server may sleep while it watches the rings of such clients: they also look whether it sleeps.
#pragma once

#include <array>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>

#include "evo/detail/atomic.hpp"
#include "evo/detail/barrier.hpp"
#include "evo/detail/waiting.hpp"

namespace evo::links {

inline constexpr std::size_t kMostConnections = 1024;
inline constexpr std::uint64_t kLongestSilenceNs = detail::Wait::kLongestSleepNs;

/// What all clients write.
struct Bells {
  static constexpr std::size_t kBits = 64;

  /// Bit i % 64 of word i / 64: the client of connection i has rung.
  std::array<detail::sync::atomic<std::uint64_t>, kMostConnections / kBits> rung{};
  /// Grows whenever a client wakes the server; the server sleeps on it.
  detail::sync::atomic<std::uint64_t> calls{0};
};

/// What the server writes for all clients.
struct ServerSleep {
  detail::sync::atomic<std::uint32_t> asleep{0};  ///< 1: clients that ring must wake it
};

/// Who looks at a ring.
enum class WatchedBy : std::uint32_t {
  None = 0,            ///< the client must ring
  Server = 1,          ///< the server polls it, or sleeps until a client calls
  Thread = 2,          ///< a thread of its own polls it
  SleepingThread = 3,  ///< that thread sleeps on the next frame
};

/// What the server writes for one connection.
struct RingWatch {
  detail::sync::atomic<WatchedBy> watched{WatchedBy::None};
};

/// A client's way to tell the server about frames.
class Doorbell {
 public:
  Doorbell() = default;
  /// `connection` is less than kMostConnections. The memory must outlive the doorbell.
  Doorbell(Bells* bells, const ServerSleep* server, const RingWatch* ring, std::size_t connection,
           WakeProtocol protocol) noexcept
      : bells_(bells),
        server_(server),
        ring_(ring),
        connection_(connection),
        fence_(protocol == WakeProtocol::Fence) {
    assert(connection < kMostConnections);
  }

  /// To be called after each frame, or after several. Returns whether a thread sleeps on the next
  /// frame of this ring: then wake it, see wake_receiver().
  [[nodiscard]] bool sent() const noexcept {
    if (fence_) [[unlikely]] {
      // seq_cst fence [watch]: pairs with the server's fence; one of the two sees the other's
      // store.
      detail::sync::atomic_thread_fence(std::memory_order_seq_cst);
    } else {
      // Keeps the compiler from moving the load below before the frame; the server's membarrier
      // enforces that order on the processor when it matters.
      detail::sync::atomic_signal_fence(std::memory_order_seq_cst);
    }
    // relaxed: see above; the word only decides whether to ring.
    const WatchedBy watched = ring_->watched.load(std::memory_order_relaxed);
    if (watched == WatchedBy::Thread) return false;
    if (watched == WatchedBy::None) [[unlikely]]
      ring();
    // Otherwise the server does not sleep while it watches the ring.
    if (watched == WatchedBy::Server && fence_) call_if_asleep();
    return watched == WatchedBy::SleepingThread;
  }

  /// Makes the server look at this connection.
  void ring() const noexcept {
    const std::uint64_t bit = std::uint64_t{1} << connection_ % Bells::kBits;
    // relaxed: nothing is read because of the bit. The server watches the ring from then on, and
    // does not stop before a last look that finds the frame.
    bells_->rung[connection_ / Bells::kBits].fetch_or(bit, std::memory_order_relaxed);
    // seq_cst fence [server-sleep]: pairs with the server's fence; one of the two sees the other's
    // store.
    detail::sync::atomic_thread_fence(std::memory_order_seq_cst);
    call_if_asleep();
  }

 private:
  /// After a fence.
  void call_if_asleep() const noexcept {
    // relaxed: only decides whether to make a system call.
    if (server_->asleep.load(std::memory_order_relaxed) == 0) return;
    // relaxed: [server-sleep] makes sure that a server which sees the call finds the bit before it
    // sleeps again.
    bells_->calls.fetch_add(1, std::memory_order_relaxed);
    detail::wake(reinterpret_cast<const std::uint32_t*>(&bells_->calls));
  }

  Bells* bells_ = nullptr;
  const ServerSleep* server_ = nullptr;
  const RingWatch* ring_ = nullptr;
  std::size_t connection_ = 0;
  bool fence_ = true;
};

/// The server's side: which rings it watches, and its sleep.
class DoorKeeper {
 public:
  DoorKeeper() = default;
  /// For connections 0 to `connections` - 1, at most kMostConnections. The memory must outlive the
  /// keeper.
  DoorKeeper(Bells* bells, ServerSleep* server, std::size_t connections,
             WakeProtocol protocol) noexcept
      : bells_(bells),
        server_(server),
        connections_(connections),
        fence_(protocol == WakeProtocol::Fence) {
    assert(connections <= kMostConnections);
  }

  /// Calls `answer(connection)` for each client that has rung since the last call. The server must
  /// then watch its ring, and look at it. If `answer` throws, some rings are found later.
  template <class Answer>
  void collect(Answer&& answer) const {
    for (std::size_t i = 0; i < words(); ++i) {
      auto& word = bells_->rung[i];
      // relaxed: a bit that is missed now is seen the next time, or before the server sleeps.
      if (word.load(std::memory_order_relaxed) == 0) [[likely]]
        continue;
      // relaxed: as in Doorbell::ring.
      std::uint64_t bits = word.exchange(0, std::memory_order_relaxed);
      for (; bits != 0; bits &= bits - 1) {
        const std::size_t connection =
            i * Bells::kBits + static_cast<std::size_t>(std::countr_zero(bits));
        if (connection < connections_) answer(connection);  // a client may set any bit
      }
    }
  }

  static void watch(RingWatch& ring) noexcept {
    // relaxed: a client that does not see it yet rings once more.
    ring.watched.store(WatchedBy::Server, std::memory_order_relaxed);
  }

  static void leave(RingWatch& ring) noexcept {
    // relaxed: order_last_look() orders it.
    ring.watched.store(WatchedBy::None, std::memory_order_relaxed);
  }

  /// To be called after the server has left a batch of rings, and before its last look at each of
  /// them. False: the kernel refuses the barrier, so go on watching.
  [[nodiscard]] bool order_last_look() const noexcept { return order_last_look(fence_); }
  /// The same; `all_fence`: the clients of all these rings execute a fence in each send.
  [[nodiscard]] static bool order_last_look(bool all_fence) noexcept {
    // seq_cst fence [watch]: with WakeProtocol::Fence, pairs with the client's fence.
    detail::sync::atomic_thread_fence(std::memory_order_seq_cst);
    return all_fence || detail::fence_on_all_cores();
  }

  /// Sleeps until a client rings or calls, or the time comes; the caller chooses one at most
  /// kLongestSilenceNs away. `has_frame()` looks at all rings that the server watches: only those
  /// of clients that execute a fence in each send.
  template <class HasFrame>
  void sleep(std::uint64_t until_ns, HasFrame&& has_frame) const noexcept {
    // relaxed, before the look at the bits: a later call changes the word.
    const std::uint64_t calls = bells_->calls.load(std::memory_order_relaxed);
    server_->asleep.store(1, std::memory_order_relaxed);  // relaxed: the fence orders it
    // seq_cst fence [server-sleep]: pairs with the client's.
    detail::sync::atomic_thread_fence(std::memory_order_seq_cst);
    if (!has_rung() && !has_frame()) {
      detail::wait({.waiters = {},
                    .own_word = &bells_->calls,
                    .own_value = calls,
                    .until_ns = until_ns,
                    .spin = std::chrono::nanoseconds(0)});
    }
    server_->asleep.store(0, std::memory_order_relaxed);  // relaxed: a client may wake it in vain
  }

 private:
  [[nodiscard]] std::size_t words() const noexcept {
    return (connections_ + Bells::kBits - 1) / Bells::kBits;
  }
  [[nodiscard]] bool has_rung() const noexcept {
    for (std::size_t i = 0; i < words(); ++i) {
      // relaxed: only decides whether to sleep.
      if (bells_->rung[i].load(std::memory_order_relaxed) != 0) return true;
    }
    return false;
  }

  Bells* bells_ = nullptr;
  ServerSleep* server_ = nullptr;
  std::size_t connections_ = 0;
  bool fence_ = true;
};

}  // namespace evo::links
