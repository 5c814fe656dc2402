/// The writer's side of `kind: stream`: the ring of StatePublisher, and whether it has room.
///
/// With `overflow: overwrite` there is always room. With `block` the cursor of each attached
/// reader holds the writer back. The cursors are not looked at for each push: a look at them
/// grants a number of pushes, and only when those are used up is there another. Martin
/// Thompson's and Todd Montgomery's single-producer sequencer (LMAX Disruptor) caches the
/// gating sequence in the same way.
///
/// I1: at most `capacity` values that some reader has not taken are in the ring. There are
///     capacity + 1 slots, so the one that is being filled holds none of them.
/// I2: a look grants at most `capacity - 1` pushes, also where no reader is attached. So whoever
///     attaches with the newest value is within I1: before as many pushes as would break it
///     comes a look which sees the new cursor ([P] and [Q]).
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>

#include "evo/clock.hpp"
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
  /// `locks` is the descriptor that holds the writer's lock. All of it must outlive the publisher.
  StreamPublisher(const StatePublisher& ring, ControlFile* control, std::uint32_t table_size,
                  const GuardedDescriptor* locks, const SegmentLayout& layout) noexcept
      : ring_(ring),
        room_(layout.overflow == Overflow::Block ? 0 : kNoLimit),
        geometry_(layout.geometry),
        overflow_(layout.overflow),
        control_(control),
        table_size_(table_size),
        locks_(locks),
        generation_(layout.generation) {}

  /// Publishes what `fill(payload)` puts into the next slot. If it throws, nothing was published.
  template <class Fill>
  [[gnu::always_inline]] WriteResult push(const SlotGeometry& geometry, Fill&& fill,
                                          std::chrono::nanoseconds timeout) {
    if (room_ == 0) [[unlikely]] {
      if (const auto refused = make_room(timeout)) return tl::unexpected(*refused);
    }
    const WriteResult result = ring_.publish(geometry, std::forward<Fill>(fill));
    if (result) [[likely]]
      --room_;
    return result;
  }

  /// Publishes up to `count` values, which `fill(i, payload)` puts into their slots, with one
  /// announcement for as many as there is room for. Returns how many; waits for more room as
  /// long as asked.
  template <class Fill>
  std::size_t push_batch(const SlotGeometry& geometry, std::size_t count, Fill&& fill,
                         std::chrono::nanoseconds timeout) {
    std::size_t pushed = 0;
    std::uint64_t waits_since = 0;  // for room; all waits together are as long as asked
    while (pushed < count) {
      if (room_ == 0) [[unlikely]] {
        if (waits_since == 0) waits_since = monotonic_ns();
        const std::chrono::nanoseconds waited(monotonic_ns() - waits_since);
        if (make_room(waited < timeout ? timeout - waited : std::chrono::nanoseconds(0))) break;
      }
      if (ring_.refusal()) break;
      const bool counts = ring_.watched() && begin_watched(ring_.watch());
      const std::uint64_t stamp = geometry.stamped ? ring_.now() : 0;
      std::uint64_t part = count - pushed;
      if (part > room_) part = room_;
      // Readers tell by the header how far a slot may be ahead of it.
      if (part > geometry.count - 1) part = geometry.count - 1;
      for (std::uint64_t i = 0; i < part; ++i, ++pushed) {
        ring_.fill_next(
            geometry, [&](std::byte* payload) { fill(pushed, payload); }, [&] { return stamp; });
      }
      ring_.announce();
      if (counts) [[unlikely]]
        ring_.watch()->end(0);
      room_ -= part;
    }
    return pushed;
  }

  /// Room for one value, for a loan; else why there is none.
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

  /// The attached reader that has the most values still to take; none if nobody reads. Looks at
  /// the table of all readers.
  [[nodiscard]] std::optional<StreamReaderPlace> slowest_reader() const noexcept;

 private:
  static constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

  /// Sets `room_` by the cursors, and waits for them to move. Nothing if there is room.
  std::optional<WriteError> make_room(std::chrono::nanoseconds timeout) noexcept;
  /// Looks at the cursors, and at whose readers are dead if they leave no room.
  bool look_for_room() noexcept;
  /// One look at the cursors.
  bool look_at_cursors() noexcept;
  /// Clears the cursors of dead readers that hold the writer back. False if a live one does, too,
  /// if there are so many that the next look has to go on, or if the descriptor was closed.
  bool drop_dead_readers() noexcept;
  /// Values that reader `index` has not taken, at most the capacity; nothing if it has no cursor.
  [[nodiscard]] std::optional<std::uint64_t> unread_by(std::uint32_t index) const noexcept;
  [[nodiscard]] std::uint32_t entries_used() const noexcept;

  StatePublisher ring_;
  std::uint64_t room_ = 0;  // pushes that the last look at the cursors allows
  SlotGeometry geometry_;
  Overflow overflow_ = Overflow::Overwrite;
  ControlFile* control_ = nullptr;
  std::uint32_t table_size_ = 0;
  const GuardedDescriptor* locks_ = nullptr;
  std::uint64_t generation_ = 0;
};

/// As find_last_complete() for a stream, whose writer may have died in a batch, with more than
/// one complete slot that the header does not name: the end of that row.
std::optional<Sequence> find_last_of_stream(const SegmentHeader& header, const std::byte* slots,
                                            const SlotGeometry& geometry) noexcept;

}  // namespace evo::detail
