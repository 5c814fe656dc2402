// SPDX-License-Identifier: Apache-2.0
/// One copy of the payload inside a segment, guarded by its own version.
///
///     0   version   u64   odd while being filled, 2n when publish n is complete
///     8   stamp     u64   CLOCK_MONOTONIC nanoseconds   (only with stamps)
///   8|16  crc32c    u32   of the payload, then 4 zero bytes (only with checksums)
///   ...   payload   at SlotGeometry::payload_offset
///
/// I1: slots never share a cache line (stride is a multiple of 64).
/// I2: a payload of up to 256 bytes follows these fields directly, so that a small one
///     shares the version's cache line; a larger one starts on a line of its own.
/// I3: a version that was once complete never recurs in the same segment.
/// I4: version 0xffff'ffff'ffff'ffff, which is odd, marks a slot that was never filled.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>

#include "evo/channel.hpp"
#include "evo/detail/atomic.hpp"
#include "evo/detail/copy.hpp"

namespace evo {

inline constexpr std::size_t kCacheLine = 64;

/// Number of a publish. Counts from 1 and wraps at SlotGeometry::sequence_limit.
using Sequence = std::uint64_t;

/// The layout of the slots of one segment.
struct SlotGeometry {
  std::uint32_t count = 0;           ///< slots; for a stream, capacity + 1
  std::uint32_t payload_offset = 0;  ///< bytes from the start of a slot
  std::uint64_t payload_size = 0;    ///< bytes
  std::uint64_t stride = 0;          ///< bytes from slot to slot
  bool stamped = false;
  bool checksummed = false;

  friend constexpr bool operator==(const SlotGeometry&, const SlotGeometry&) = default;

  /// Sequences wrap to 0 here. A multiple of `count`, so that the rotation of the slots continues
  /// across the wrap; for a power of two it is 2^63, where the version wraps by itself.
  [[nodiscard]] constexpr Sequence sequence_limit() const {
    return (std::uint64_t{1} << 63) / count * count;
  }

  /// The slot of publish n.
  [[nodiscard]] constexpr std::uint32_t index_of(Sequence n) const {
    const bool power_of_two = (count & (count - 1)) == 0;
    return static_cast<std::uint32_t>(power_of_two ? n & (count - 1) : n % count);
  }

  /// The sequence `steps` publishes after n, across the wrap. `steps` is at most half of the limit.
  [[nodiscard]] constexpr Sequence after(Sequence n, std::uint64_t steps) const {
    const Sequence limit = sequence_limit();
    assert(steps <= limit / 2);
    return n < limit - steps ? n + steps : n - (limit - steps);
  }

  /// The sequence `steps` publishes before n, across the wrap.
  [[nodiscard]] constexpr Sequence before(Sequence n, std::uint64_t steps) const {
    assert(steps <= sequence_limit() / 2);
    return n >= steps ? n - steps : sequence_limit() - (steps - n);
  }

  /// Number of publishes from `from` to `to`, across the wrap.
  [[nodiscard]] constexpr std::uint64_t distance(Sequence from, Sequence to) const {
    return to >= from ? to - from : sequence_limit() - (from - to);
  }

  /// Whether `n` comes after `other`, across the wrap: by less than half of all sequences.
  [[nodiscard]] constexpr bool is_after(Sequence n, Sequence other) const {
    return n != other && distance(other, n) < sequence_limit() / 2;
  }

  [[nodiscard]] constexpr std::uint32_t stamp_offset() const { return 8; }
  [[nodiscard]] constexpr std::uint32_t checksum_offset() const { return stamped ? 16 : 8; }
};

constexpr std::uint64_t align_up(std::uint64_t value, std::uint64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

/// Bytes of a connection of a link: for each side, a page and a ring.
constexpr std::uint64_t connection_size(std::uint64_t ring) {
  return 2 * (std::uint64_t{4096} + ring);
}

/// The geometry that a writer of this channel creates. The size must have been checked to be at
/// most 1 GiB.
constexpr SlotGeometry slot_geometry(const ChannelDescription& channel) {
  assert(channel.size <= std::uint64_t{1} << 30);
  SlotGeometry geometry;
  // One more, so that a stream keeps its full capacity while the next value is being filled in.
  geometry.count = channel.kind == Kind::Stream ? channel.slots + 1 : channel.slots;
  geometry.payload_size = channel.size;
  geometry.stamped = channel.stamp == Stamp::Monotonic;
  geometry.checksummed = channel.checksum == Checksum::Crc32c;
  const std::uint64_t guard = 8U + (geometry.stamped ? 8U : 0U) + (geometry.checksummed ? 8U : 0U);
  const std::uint64_t alignment = channel.alignment > 8 ? channel.alignment : 8;
  geometry.payload_offset = static_cast<std::uint32_t>(
      channel.size > detail::kWordCopyLimit ? kCacheLine : align_up(guard, alignment));
  geometry.stride = channel.kind == Kind::Link
                        ? connection_size(channel.size)
                        : align_up(geometry.payload_offset + channel.size, kCacheLine);
  return geometry;
}

/// The version of a slot that was never filled.
inline constexpr std::uint64_t kNeverFilled = ~std::uint64_t{0};

namespace detail {

/// The version of publish n once it is complete.
constexpr std::uint64_t complete_version(Sequence n) {
  return 2 * n;
}
/// The version of a slot while publish n is being filled in.
constexpr std::uint64_t filling_version(Sequence n) {
  return 2 * n - 1;
}
/// The writer's view of one slot.
class WriterSlot {
 public:
  WriterSlot(std::byte* slot, const SlotGeometry& geometry) : slot_(slot), geometry_(geometry) {}

  /// Marks the slot as being filled with publish n.
  void begin(Sequence n) const noexcept {
    step(Step::WriterMarkOdd);
    // relaxed: the fence below orders it before the payload.
    version().store(filling_version(n), std::memory_order_relaxed);
    // release fence [slot-reuse]: pairs with the reader's acquire fence. A reader whose
    // copy saw any word stored below sees the odd version in its confirming load.
    sync::atomic_thread_fence(std::memory_order_release);
  }

  /// Marks publish n as complete.
  void complete(Sequence n) const noexcept {
    step(Step::WriterComplete);
    // release [slot-complete]: pairs with the reader's acquire load. A reader that sees 2n
    // sees every word of publish n.
    version().store(detail::complete_version(n), std::memory_order_release);
  }

  void set_stamp(std::uint64_t stamp_ns) const noexcept {
    step(Step::WriterStamp);
    // relaxed: like a word of the payload, between [slot-reuse] and [slot-complete].
    word(geometry_.stamp_offset()).store(stamp_ns, std::memory_order_relaxed);
  }

  void set_checksum(std::uint32_t crc) const noexcept {
    // relaxed: like a word of the payload, between [slot-reuse] and [slot-complete].
    word(geometry_.checksum_offset()).store(crc, std::memory_order_relaxed);
  }

  [[nodiscard]] std::byte* payload() const noexcept { return slot_ + geometry_.payload_offset; }

 private:
  [[nodiscard]] Word& version() const noexcept { return word(0); }
  [[nodiscard]] Word& word(std::size_t offset) const noexcept {
    return *reinterpret_cast<Word*>(slot_ + offset);
  }

  std::byte* slot_;
  const SlotGeometry& geometry_;
};

/// The reader's view of one slot; works on a read-only mapping.
class ReaderSlot {
 public:
  ReaderSlot(const std::byte* slot, const SlotGeometry& geometry)
      : slot_(slot), geometry_(geometry) {}

  /// Runs `copy` and returns whether everything it loaded is part of publish n. Never waits and
  /// never stores; the caller decides how often to retry.
  template <class Copy>
  [[nodiscard, gnu::always_inline]] bool try_read(Sequence n, Copy&& copy) const {
    step(Step::ReaderLoadVersion);
    // acquire [slot-complete]: pairs with the writer's completing store. The copy below
    // cannot move above it, so it sees publish n or a later one. Exactly 2n: an
    // even version alone could be an older publish, and the reader would go back.
    if (word(0).load(std::memory_order_acquire) != complete_version(n)) return false;
    copy(*this);
    step(Step::ReaderConfirm);
    // acquire fence [slot-reuse]: pairs with the writer's release fence. If any word
    // above came from a later publish, the load below sees its odd version or a
    // later one; by I3 it cannot be 2n again.
    sync::atomic_thread_fence(std::memory_order_acquire);
    // relaxed: fence [slot-reuse] already keeps this load after the copy.
    return word(0).load(std::memory_order_relaxed) == complete_version(n);
  }

  /// The current version, for a caller that needs to know why `try_read` failed.
  [[nodiscard]] std::uint64_t version() const noexcept {
    step(Step::ReaderLoadVersion);
    // acquire [slot-complete]: pairs with the writer's completing store. acquire [takeover]: pairs
    // with the fence of a writer that took over.
    return word(0).load(std::memory_order_acquire);
  }

  /// Whether the slot was never filled since the segment was created.
  [[nodiscard]] bool never_filled() const noexcept {
    // relaxed: no other load depends on it.
    return word(0).load(std::memory_order_relaxed) == kNeverFilled;
  }

  /// Brings the second line to this core, if it is not there.
  void prefetch_second_line() const noexcept { __builtin_prefetch(slot_ + kCacheLine); }

  [[nodiscard]] bool is_stamped() const noexcept { return geometry_.stamped; }

  [[nodiscard]] std::uint64_t stamp_ns() const noexcept {
    // relaxed: like a word of the payload, between [slot-complete] and [slot-reuse].
    return word(geometry_.stamp_offset()).load(std::memory_order_relaxed);
  }

  [[nodiscard]] std::uint32_t checksum() const noexcept {
    // relaxed: like a word of the payload, between [slot-complete] and [slot-reuse].
    return static_cast<std::uint32_t>(
        word(geometry_.checksum_offset()).load(std::memory_order_relaxed));
  }

  [[nodiscard]] const std::byte* payload() const noexcept {
    return slot_ + geometry_.payload_offset;
  }

 private:
  [[nodiscard]] const Word& word(std::size_t offset) const noexcept {
    return *reinterpret_cast<const Word*>(slot_ + offset);
  }

  const std::byte* slot_;
  const SlotGeometry& geometry_;
};

/// Whether slot 0 holds the mark of a publish 0 that never happened, as in an emptied file, which
/// reads as zeros. The numbers start with 1 and reach 0 only across the wrap. If publish 0 did
/// happen, the last slot holds the publish before it or the one that follows in this round.
[[nodiscard]] inline bool has_false_publish_0(const std::byte* slots,
                                              const SlotGeometry& geometry) noexcept {
  const ReaderSlot first(slots, geometry);
  if (first.version() != complete_version(0)) return false;
  const Sequence last = geometry.count - 1;
  // acquire [slot-complete], all three: pair with the writer's completing stores. A writer that has
  // completed one of these slots has completed those before it. If slot 0 is the same after the
  // load from the last slot as before, it was the same during that load.
  const std::uint64_t version = ReaderSlot(slots + last * geometry.stride, geometry).version();
  if (version == complete_version(geometry.sequence_limit() - 1)) return false;
  if (version == filling_version(last) || version == complete_version(last)) return false;
  return first.version() == complete_version(0);
}

}  // namespace detail
}  // namespace evo
