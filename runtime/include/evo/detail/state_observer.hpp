/// The reader's side of `kind: state`: works on read-only memory, stores nothing.
#pragma once

#include "evo/control_file.hpp"
#include "evo/error.hpp"
#include "evo/segment_header.hpp"
#include "evo/slot.hpp"

namespace evo::detail {

/// What a read came to. Like tl::expected<Sequence, ReadError>, but without the union,
/// whose members of different sizes keep compilers from holding it in registers.
class ReadOutcome {
 public:
  // NOLINTBEGIN(google-explicit-constructor): stands for either.
  constexpr ReadOutcome(Sequence sequence) noexcept : sequence_(sequence), read_(true) {}
  constexpr ReadOutcome(ReadError error) noexcept : error_(error) {}
  // NOLINTEND(google-explicit-constructor)

  [[nodiscard]] constexpr bool has_value() const noexcept { return read_; }
  [[nodiscard]] constexpr explicit operator bool() const noexcept { return read_; }
  [[nodiscard]] constexpr Sequence operator*() const noexcept { return sequence_; }
  [[nodiscard]] constexpr ReadError error() const noexcept { return error_; }

 private:
  Sequence sequence_ = 0;
  ReadError error_ = ReadError::NeverWritten;
  bool read_ = false;
};

class StateObserver {
 public:
  StateObserver() = default;
  /// The memory must outlive the observer.
  StateObserver(const SegmentHeader* header, const ControlFile* control, const std::byte* slots,
                const SlotGeometry& geometry, std::uint64_t generation,
                std::uint32_t retries) noexcept
      : header_(header),
        control_(control),
        slots_(slots),
        geometry_(geometry),
        generation_(generation),
        retries_(retries) {}

  /// Runs `copy(slot)` on the latest publish until nothing overtook it, and returns the
  /// number of that publish. What `copy` stored counts only then.
  template <class Copy>
  [[nodiscard, gnu::always_inline]] ReadOutcome read(Copy&& copy) const {
    if (detached()) [[unlikely]]
      return ReadError::Detached;
    for (std::uint32_t attempt = 0;; ++attempt) {
      step(Step::ReaderLoadHeader);
      // acquire [F]: pairs with the writer's publishing store [E], so the slot below
      // is complete with publish n or already in use for a later one.
      const Sequence n = header_->version.load(std::memory_order_acquire) / 2;
      const ReaderSlot slot(slots_ + geometry_.index_of(n) * geometry_.stride, geometry_);
      if (slot.try_read(n, copy)) [[likely]] {
        // A file that somebody has emptied looks like a publish 0 of zeros.
        if (n == 0 && !has_header()) [[unlikely]]
          return ReadError::Detached;
        return n;
      }
      if (n == 0 && slot.never_filled()) return ReadError::NeverWritten;
      if (attempt >= retries_) return ReadError::Contended;
      ++retried_;
    }
  }

  /// Twice the number of the last publish; one load.
  [[nodiscard]] std::uint64_t version() const noexcept {
    // acquire [F]: pairs with the writer's publishing store [E].
    return header_->version.load(std::memory_order_acquire);
  }

  /// Whether the segment was made anew since, or this is a forked child.
  [[nodiscard]] bool detached() const noexcept {
    // relaxed: nothing is read on the strength of it. The line changes at takeovers
    // only, so the load stays in this core's cache.
    return control_->generation.load(std::memory_order_relaxed) != generation_;
  }

  /// Attempts beyond the first, over all reads so far.
  [[nodiscard]] std::uint64_t retried() const noexcept { return retried_; }

  [[nodiscard]] const SlotGeometry& geometry() const noexcept { return geometry_; }

 private:
  [[nodiscard]] bool has_header() const noexcept {
    // relaxed: only damage ever changes it.
    return __atomic_load_n(&header_->magic, __ATOMIC_RELAXED) == kSegmentMagic;
  }

  const SegmentHeader* header_ = nullptr;
  const ControlFile* control_ = nullptr;
  const std::byte* slots_ = nullptr;
  SlotGeometry geometry_;
  std::uint64_t generation_ = 0;
  std::uint32_t retries_ = 0;
  mutable std::uint64_t retried_ = 0;  // a reader belongs to one thread at a time
};

}  // namespace evo::detail
