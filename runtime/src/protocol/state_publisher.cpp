#include "evo/detail/state_publisher.hpp"

#include <new>

namespace evo::detail {

namespace {

std::uint64_t slot_version(const std::byte* slots, const SlotGeometry& geometry,
                           std::uint32_t index) noexcept {
  return ReaderSlot(slots + index * geometry.stride, geometry).version();
}

/// Whether what stands in the slots is what a writer leaves behind whose last complete publish was
/// this one.
bool slots_fit(const std::byte* slots, const SlotGeometry& geometry, Sequence last) noexcept {
  if (has_false_publish_0(slots, geometry)) return false;
  const Sequence next = geometry.after(last, 1);
  for (std::uint32_t i = 0; i < geometry.count; ++i) {
    const std::uint64_t version = slot_version(slots, geometry, i);
    // A writer fills one slot at a time, and never gets to the next before this one is complete.
    if (version == filling(next) && geometry.index_of(next) == i) continue;
    // In the first round it has not come to all slots, and to slot 0 last.
    if (version == kNeverFilled && last < geometry.count && (i == 0 || i > last)) continue;
    if (version % 2 != 0) return false;
    const Sequence n = version / 2;
    if (n >= geometry.sequence_limit() || geometry.index_of(n) != i) return false;
    if (geometry.distance(n, last) >= geometry.count) return false;
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
  // acquire: pairs with the dead writer's publishing store [E]; the kernel's release of its lock
  // has ordered everything it stored anyway.
  const std::uint64_t version = header.version.load(std::memory_order_acquire);
  Sequence last = version / 2;
  if (version % 2 != 0 || last >= geometry.sequence_limit()) return std::nullopt;
  const auto is_complete = [&](Sequence n) {
    return slot_version(slots, geometry, geometry.index_of(n)) == complete(n);
  };
  const bool never_written = last == 0 && slot_version(slots, geometry, 0) == kNeverFilled;
  if (!never_written && !is_complete(last)) return std::nullopt;
  for (std::uint32_t row = 0; row < longest; ++row) {
    const Sequence next = geometry.after(last, 1);
    if (!is_complete(next)) break;
    last = next;
  }
  if (!slots_fit(slots, geometry, last)) return std::nullopt;
  return last;
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
