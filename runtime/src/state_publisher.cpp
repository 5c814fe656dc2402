#include "evo/detail/state_publisher.hpp"

#include <new>

namespace evo::detail {

std::optional<Sequence> find_last_complete(const SegmentHeader& header, const std::byte* slots,
                                           const SlotGeometry& geometry) noexcept {
  // acquire: pairs with the dead writer's store [E]; the kernel's release of its lock
  // has ordered everything it stored anyway.
  const std::uint64_t version = header.version.load(std::memory_order_acquire);
  const Sequence limit = geometry.sequence_limit();
  const Sequence published = version / 2;
  if (version % 2 != 0 || published >= limit) return std::nullopt;
  const Sequence ahead = published + 1 == limit ? 0 : published + 1;

  bool found_published = false;
  bool found_ahead = false;
  for (std::uint32_t i = 0; i < geometry.count; ++i) {
    const auto* slot = reinterpret_cast<const Word*>(slots + i * geometry.stride);
    // acquire: pairs with the dead writer's completing store [D].
    const std::uint64_t slot_version = slot->load(std::memory_order_acquire);
    if (slot_version == kNeverFilled) continue;
    const Sequence n = slot_version / 2 + slot_version % 2;
    if (n >= limit || geometry.index_of(n) != i) return std::nullopt;
    if (slot_version % 2 != 0) continue;
    // How far this publish lies behind the next one, across the wrap.
    const Sequence behind = ahead >= n ? ahead - n : limit - n + ahead;
    if (behind > geometry.count) return std::nullopt;
    found_published = found_published || n == published;
    found_ahead = found_ahead || n == ahead;
  }
  if (found_ahead) return ahead;
  const bool never_written = published == 0 && !found_published;
  if (!found_published && !never_written) return std::nullopt;
  return published;
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
