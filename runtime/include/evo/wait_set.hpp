// SPDX-License-Identifier: Apache-2.0
/// Waits for many things at once: readers, descriptors, cycles, and a request to stop.
///
///     evo::WaitSet set;
///     const evo::WaitToken input = set.add(reader).value();
///     const evo::WaitToken tick = set.add_cycle(1ms).value();
///     while (true) {
///       const evo::Ready ready = set.wait(100ms);
///       if (ready.stopped()) break;
///       if (ready.has(input)) …
///     }
///
/// A set belongs to one thread at a time; only `stop` may be called from others. How readers wait
/// costs writers nothing: a publish executes the same instructions, until it has to wake a sleeper.
///
/// The thread sleeps on the words that writers of the segments wake (futex_waitv). Before Linux
/// 5.16, and where a filter forbids that call, it looks at all readers once a millisecond instead:
/// nothing is lost, but a value may be seen a millisecond late.
#pragma once

#include <cstddef>
#include <cstdint>

#include "evo/cycle.hpp"
#include "evo/detail/chrono.hpp"
#include "evo/detail/owned.hpp"
#include "evo/error.hpp"
#include "evo/wait_reason.hpp"

namespace evo {

class RawStateReader;
class RawStreamReader;
template <class Channel>
class StateReader;
template <class Channel>
class StreamReader;

namespace detail {
struct WaitSetState;
}

/// Names what was added to a set. A default-constructed token names nothing.
struct WaitToken {
  std::uint32_t index = 0;
  std::uint32_t serial = 0;

  bool operator==(const WaitToken&) const = default;
};

struct WaitOptions {
  /// How long to look for a change before sleeping. A sleep and a wake take tens of microseconds.
  std::chrono::nanoseconds spin = std::chrono::microseconds(20);
};

/// What a wait found. Valid until the next wait, and as long as the set exists.
class Ready {
 public:
  /// Whether the token is ready.
  [[nodiscard]] bool has(WaitToken token) const noexcept { return why(token) != WaitReason::None; }
  /// The reason; None if it is not ready. Every wait reports Value until the reader has read it (by
  /// `read` or `read_into`; reading one field does not count), and Readable until the descriptor
  /// was read. The writer's end and a replaced segment are reported once, after the last value was
  /// read.
  [[nodiscard]] WaitReason why(WaitToken token) const noexcept;
  /// The cycle that begins; all zeros if the token is not ready, or not a cycle.
  [[nodiscard]] Cycle cycle(WaitToken token) const noexcept;
  /// Number of cycles that were skipped just before this one.
  [[nodiscard]] std::uint64_t missed(WaitToken token) const noexcept {
    return cycle(token).missed();
  }
  /// Whether `stop` was called.
  [[nodiscard]] bool stopped() const noexcept;

  /// The tokens that are ready, in the order in which they were added; but a token may take the
  /// place of one that was removed.
  [[nodiscard]] const WaitToken* begin() const noexcept;
  [[nodiscard]] const WaitToken* end() const noexcept;
  [[nodiscard]] std::size_t size() const noexcept {
    return static_cast<std::size_t>(end() - begin());
  }
  /// Whether nothing is ready and `stop` was not called: the timeout passed.
  [[nodiscard]] bool empty() const noexcept { return size() == 0 && !stopped(); }

 private:
  friend class WaitSet;
  explicit Ready(const detail::WaitSetState& set) noexcept : set_(&set) {}

  const detail::WaitSetState* set_;
};

class WaitSet {
 public:
  /// Readers that one set can hold.
  static constexpr std::size_t kMostReaders = 128;

  WaitSet();
  WaitSet(const WaitSet&) = delete;
  WaitSet& operator=(const WaitSet&) = delete;
  /// The readers may outlive the set.
  ~WaitSet();

  /// Waits for values of this reader. The set follows the reader when it is moved, and when it is
  /// attached again; it forgets the token when the reader is destroyed. None of these may happen in
  /// another thread during a wait. ResourceExhausted: the set is full. Unsupported: the reader is
  /// in a set already.
  template <class Channel>
  [[nodiscard]] Result<WaitToken> add(StateReader<Channel>& reader) {
    return add(reader.reader_);
  }
  template <class Channel>
  [[nodiscard]] Result<WaitToken> add(StreamReader<Channel>& reader) {
    return add(reader.reader_);
  }
  [[nodiscard]] Result<WaitToken> add(RawStateReader& reader);
  [[nodiscard]] Result<WaitToken> add(RawStreamReader& reader);

  /// Waits for absolute times, see cycle.hpp. Unsupported: the period is not positive.
  [[nodiscard]] Result<WaitToken> add_cycle(std::chrono::nanoseconds period,
                                            CycleOptions options = {});

  /// Waits until this descriptor can be read, fails, or is at its end. The first
  /// call starts a helper thread, which inherits the calling thread's scheduling. Remove the token
  /// before the descriptor is closed. Unsupported: it is in this set already, or always ready (a
  /// regular file). Also ResourceExhausted, Io.
  [[nodiscard]] Result<WaitToken> add_fd(int descriptor);

  /// Does nothing if the token is not in this set any more.
  void remove(WaitToken token) noexcept;

  /// Sleeps until something is ready, or the timeout has passed; returns immediately if something
  /// is ready already. No signal ends it early. Zero: only looks, without a system call unless the
  /// set has descriptors. A sleep that ended because of a value leaves closes, deaths and replaced
  /// segments to the next wait.
  ///
  /// Finds a close, and a replaced segment, like `wait_for_change`. With a timeout it also asks the
  /// kernel, for each reader ten times a second, whether its writer is alive; so it finds a death
  /// without a supervisor. In a forked child, readers are Replaced and descriptors are never ready.
  [[nodiscard]] Ready wait(std::chrono::nanoseconds timeout = std::chrono::nanoseconds::max(),
                           const WaitOptions& options = {}) noexcept;

  /// Ends the present wait, and all later ones immediately. Any thread and any signal handler may
  /// call it, as long as the set exists.
  void stop() noexcept;

 private:
  detail::Owned<detail::WaitSetState> state_;
};

}  // namespace evo
