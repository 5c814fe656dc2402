// SPDX-License-Identifier: Apache-2.0
#include "evo/detail/state_publisher.hpp"

#include <new>

namespace evo::detail {

namespace {

std::uint64_t slot_version(const std::byte* slots, const SlotGeometry& geometry,
                           std::uint32_t index) noexcept {
  return ReaderSlot(slots + index * geometry.stride, geometry).version();
}

/// Whether the slots are in a state that a writer leaves behind if its last complete publish was
/// `last`.
bool slots_fit(const std::byte* slots, const SlotGeometry& geometry, Sequence last) noexcept {
  if (has_false_publish_0(slots, geometry)) return false;  // T10
  const Sequence next = geometry.after(last, 1);
  for (std::uint32_t i = 0; i < geometry.count; ++i) {
    const std::uint64_t version = slot_version(slots, geometry, i);
    // A writer fills one slot at a time, and completes it before it begins the next one.
    if (version == filling_version(next) && geometry.index_of(next) == i) continue;
    // In the first round, the writer has not yet reached all slots, and it reaches slot 0 last.
    if (version == kNeverFilled && last < geometry.count && (i == 0 || i > last)) continue;
    if (version % 2 != 0) return false;  // T11
    const Sequence n = version / 2;
    if (n >= geometry.sequence_limit() || geometry.index_of(n) != i) return false;  // T12
    if (geometry.distance(n, last) >= geometry.count) return false;                 // T13
  }
  return true;
}

}  // namespace

std::optional<Sequence> find_last_complete(const SegmentHeader& header, const std::byte* slots,
                                           const SlotGeometry& geometry) noexcept {
  return find_last_in_row(header, slots, geometry, 1);
}

std::optional<Sequence> find_last_in_row(const SegmentHeader& header, const std::byte* slots,
                                         const SlotGeometry& geometry,
                                         std::uint32_t longest) noexcept {
  // relaxed: the kernel released the dead writer's lock after all of its stores.
  const std::uint64_t version = header.version.load(std::memory_order_relaxed);
  Sequence last = version / 2;
  if (version % 2 != 0 || last >= geometry.sequence_limit()) return std::nullopt;  // T14
  const auto is_complete = [&](Sequence n) {
    return slot_version(slots, geometry, geometry.index_of(n)) == complete_version(n);
  };
  const bool never_written = last == 0 && slot_version(slots, geometry, 0) == kNeverFilled;
  if (!never_written && !is_complete(last)) return std::nullopt;  // T15
  for (std::uint32_t row = 0; row < longest; ++row) {
    const Sequence next = geometry.after(last, 1);
    if (!is_complete(next)) break;
    last = next;
  }
  if (!slots_fit(slots, geometry, last)) return std::nullopt;  // T16
  return last;
}

bool continue_after(SegmentHeader& header, Sequence last) noexcept {
  // release fence [takeover]: pairs with the reader's acquire load of a slot's version. A reader
  // that sees this writer fill its first slot sees all that the dead writer did, so it does not go
  // back to an older publish, which the header named once.
  sync::atomic_thread_fence(std::memory_order_release);
  // relaxed: stored by the dead writer, whose lock this process holds now.
  if (header.version.load(std::memory_order_relaxed) == complete_version(last)) return false;
  // relaxed [publish]: the fence above releases what the dead writer completed but did not publish.
  header.version.store(complete_version(last), std::memory_order_relaxed);
  return true;
}

void reset_slots(std::byte* slots, const SlotGeometry& geometry) noexcept {
  for (std::uint32_t i = 0; i < geometry.count; ++i) {
    // relaxed: the file has no name yet, or the writer's lock is held and no reader
    // has seen this generation.
    reinterpret_cast<Word*>(slots + i * geometry.stride)
        ->store(kNeverFilled, std::memory_order_relaxed);
  }
}

}  // namespace evo::detail
