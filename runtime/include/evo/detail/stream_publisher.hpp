// SPDX-License-Identifier: Apache-2.0
/// The writer's side of `kind: stream`: the ring of StatePublisher, and the check whether it has
/// room.
///
/// With `overflow: overwrite` there is always room. With `block` the cursor of each attached reader
/// holds back the writer. The writer does not load the cursors for each push: one scan of them
/// grants a number of pushes, and the next scan follows only when those are used up. Martin
/// Thompson's and Todd Montgomery's single-producer sequencer (LMAX Disruptor) caches the gating
/// sequence in the same way.
///
/// I1: the ring holds at most `capacity` values that some reader has not taken. It has one slot
///     more, so the one that is being filled holds none of them.
/// I2: a scan grants at most `capacity - 1` pushes, even if no reader is attached. So a reader that
///     attaches with the newest value is within I1: before enough pushes to break it, there is a
///     scan that sees the new cursor ([cursor-new]).
#pragma once

#include <cassert>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "evo/clock.hpp"
#include "evo/detail/chrono.hpp"
#include "evo/detail/state_publisher.hpp"

namespace evo::detail {

class GuardedDescriptor;

/// An attached reader as the writer of a stream sees it.
struct StreamReaderPlace {
  std::uint32_t index = 0;   ///< in the reader table
  std::uint64_t unread = 0;  ///< values that it has not taken
  std::uint32_t pid = 0;     ///< advice
};

class StreamPublisher : public Lender {
 public:
  StreamPublisher() = default;
  /// `locks` is the descriptor that holds the writer's lock. The memory and `locks` must outlive
  /// the publisher.
  StreamPublisher(StatePublisher ring, ControlFile* control, std::uint32_t table_size,
                  const GuardedDescriptor* locks, const SegmentLayout& layout) noexcept
      : ring_(std::move(ring)),
        room_(layout.overflow == Overflow::Block ? 0 : kNoLimit),
        geometry_(layout.geometry),
        overflow_(layout.overflow),
        control_(control),
        table_size_(table_size),
        locks_(locks),
        generation_(layout.generation) {}

  /// Publishes what `fill(payload)` puts into the next slot. If it throws, nothing is published.
  template <class Fill>
  [[gnu::always_inline]] WriteResult push(const SlotGeometry& geometry, Fill&& fill,
                                          std::chrono::nanoseconds timeout) {
    if (room_ == 0) [[unlikely]] {
      if (const auto refused = make_room(timeout)) return tl::unexpected(*refused);
    }
    assert(room_ != 0);  // I1: granted by the last scan
    const WriteResult result = ring_.publish(geometry, std::forward<Fill>(fill));
    if (result) [[likely]]
      --room_;
    return result;
  }

  /// Publishes up to `count` values, which `fill(i, payload)` puts into their slots, with one
  /// announcement for each run that there is room for. Returns the number published; waits up to
  /// `timeout` for more room.
  template <class Fill>
  std::size_t push_batch(const SlotGeometry& geometry, std::size_t count, Fill&& fill,
                         std::chrono::nanoseconds timeout) {
    std::size_t pushed = 0;
    std::uint64_t waits_since = 0;  // for room; `timeout` limits all waits together
    while (pushed < count) {
      if (room_ == 0) [[unlikely]] {
        if (waits_since == 0) waits_since = monotonic_ns();
        const std::chrono::nanoseconds waited(monotonic_ns() - waits_since);
        if (make_room(waited < timeout ? timeout - waited : std::chrono::nanoseconds(0))) break;
      }
      if (ring_.refusal()) break;
      const bool counts = ring_.is_watched() && operation_began(ring_.recorder());
      const std::uint64_t stamp = geometry.stamped ? ring_.now() : 0;
      std::uint64_t part = count - pushed;
      if (part > room_) part = room_;
      // Readers rely on the header for how far a slot may be ahead of it.
      if (part > geometry.count - 1) part = geometry.count - 1;
      assert(part != 0);
      for (std::uint64_t i = 0; i < part; ++i, ++pushed) {
        ring_.fill_next(
            geometry, [&](std::byte* payload) { fill(pushed, payload); }, [&] { return stamp; });
      }
      ring_.announce();
      if (counts) [[unlikely]]
        ring_.recorder()->operation_done(0);
      room_ -= part;
    }
    return pushed;
  }

  /// Waits for room for one value, for a loan. Returns why there is none; nullopt if there is room.
  std::optional<WriteError> await_room(std::chrono::nanoseconds timeout) noexcept {
    return room_ == 0 ? make_room(timeout) : ring_.refusal();
  }

  // For Loan.
  [[nodiscard]] std::optional<WriteError> refusal() const noexcept { return ring_.refusal(); }
  std::byte* begin(const SlotGeometry& geometry) noexcept { return ring_.begin(geometry); }
  WriteResult finish(const SlotGeometry& geometry) noexcept {
    const WriteResult result = ring_.finish(geometry);
    if (result) --room_;
    return result;
  }
  void abandon() noexcept { ring_.abandon(); }
  [[nodiscard]] Sequence sequence() const noexcept { return ring_.sequence(); }

  /// The attached reader with the most unread values; nullopt if no reader is attached. Scans the
  /// table of all readers.
  [[nodiscard]] std::optional<StreamReaderPlace> slowest_reader() const noexcept;

 private:
  static constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

  /// Sets `room_` from the cursors, and waits for them to move. Returns nullopt if there is room.
  std::optional<WriteError> make_room(std::chrono::nanoseconds timeout) noexcept;
  /// Scans the cursors. If they leave no room, drops dead readers and scans again.
  bool look_for_room() noexcept;
  /// Scans the cursors once.
  bool look_at_cursors() noexcept;
  /// Clears the cursors of dead readers that hold back the writer. False if a live reader
  /// holds it back as well, if there are more dead readers than one call may clear, or if the
  /// descriptor was closed.
  bool drop_dead_readers() noexcept;
  /// Number of values that reader `index` has not taken, at most the capacity; nullopt if it has no
  /// cursor.
  [[nodiscard]] std::optional<std::uint64_t> unread_by(std::uint32_t index) const noexcept;
  [[nodiscard]] std::uint32_t entries_used() const noexcept;

  StatePublisher ring_;
  std::uint64_t room_ = 0;  // pushes that the last scan of the cursors allows
  SlotGeometry geometry_;
  Overflow overflow_ = Overflow::Overwrite;
  ControlFile* control_ = nullptr;
  std::uint32_t table_size_ = 0;
  const GuardedDescriptor* locks_ = nullptr;
  std::uint64_t generation_ = 0;
};

/// Like find_last_complete(), for a stream, whose writer may have died in a batch, with more than
/// one complete slot that the header does not name: returns the last of them.
std::optional<Sequence> find_last_of_stream(const SegmentHeader& header, const std::byte* slots,
                                            const SlotGeometry& geometry) noexcept;

}  // namespace evo::detail
