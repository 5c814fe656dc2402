// SPDX-License-Identifier: Apache-2.0
/// The reader's side of `kind: state`: works on read-only memory, stores nothing to it.
///
/// It remembers the last publish that it found, and checks whether the next slot holds the one
/// after it, instead of loading the header. So a reader that polls waits on the very line that
/// brings the next value, and a value takes one transfer from core to core where a header and a
/// slot would take two. A reader that fell behind by more than one publish uses the header.
///
/// I1: a read returns a publish whose successor was not complete at some moment during the read. So
///     no two readers, whatever they communicate to each other, see publishes in different orders.
#pragma once

#include "evo/detail/deadline_recorder.hpp"
#include "evo/error.hpp"
#include "evo/format/control_file.hpp"
#include "evo/format/segment_header.hpp"
#include "evo/format/slot.hpp"

namespace evo::detail {

/// The result of a read. Like ReadResult<Sequence>, but without the union, whose
/// members of different sizes keep compilers from holding it in registers.
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
        limit_(geometry.sequence_limit()),
        generation_(generation),
        retries_(retries) {}

  /// Runs `copy(slot)` on the latest publish until nothing overtook it, and returns the number of
  /// that publish. What `copy` stored counts only if there is no error.
  template <class Copy>
  [[nodiscard, gnu::always_inline]] ReadOutcome read(Copy&& copy) const {
    bool counts = false;
    if (is_disturbed()) [[unlikely]] {
      if (is_detached()) return ReadError::Detached;
      counts = operation_began(recorder_);
    }
    for (std::uint32_t attempt = 0;; ++attempt) {
      const Place latest = find_latest();
      const Sequence n = latest.n;
      const ReaderSlot slot = slot_of(latest);
      if (slot.try_read(n, copy)) [[likely]] {
        // An emptied file looks like a publish 0 of zeros.
        if (n == 0 && is_emptied()) [[unlikely]]
          return ReadError::Detached;
        found_ = latest;
        if (counts) [[unlikely]]
          count_found();
        return n;
      }
      if (n == 0 && slot.never_filled()) return ReadError::NeverWritten;
      if (attempt >= retries_) return ReadError::Contended;
      ++retried_;
      found_ = {};
    }
  }

  /// Counts reads with `recorder` while a deadline watch is on. It must outlive the observer.
  void record_with(DeadlineRecorder* recorder) noexcept { recorder_ = recorder; }

  /// Whether a publish after n, which this reader has read, is complete; one load.
  [[nodiscard]] bool has_after(Sequence n) const noexcept {
    const Place next = after(found_.n == n ? found_ : place_of(n));
    const ReaderSlot slot = slot_of(next);
    // A caller that polls reads the value as soon as it is there: its two lines then come together.
    if (geometry_.stride == 2 * kCacheLine) slot.prefetch_second_line();
    return !is_to_come(next.n, slot.version());
  }

  /// Twice the number of the last publish: the one that the header names, or that of the last read,
  /// if the header is about to name it; one load.
  [[nodiscard]] std::uint64_t version() const noexcept {
    // acquire [publish]: pairs with the writer's publishing store.
    const std::uint64_t version = header_->version.load(std::memory_order_acquire);
    const std::uint64_t found = complete_version(found_.n);
    return found_.known() && version + 2 == found ? found : version;
  }

  /// Whether the segment has been recreated since, or this is a forked child.
  [[nodiscard]] bool is_detached() const noexcept {
    // relaxed: no other load depends on it. The line hardly ever changes, so the load stays in this
    // core's cache.
    return control_->generation.load(std::memory_order_relaxed) != generation_;
  }

  /// Number of attempts beyond the first, over all reads so far.
  [[nodiscard]] std::uint64_t retried() const noexcept { return retried_; }

  [[nodiscard]] const SlotGeometry& geometry() const noexcept { return geometry_; }

 private:
  /// A publish and the index of its slot.
  struct Place {
    Sequence n = kNone;
    std::uint64_t index = 0;

    [[nodiscard]] bool known() const noexcept { return n != kNone; }
  };
  static constexpr Sequence kNone = ~Sequence{0};

  /// Attempts of a reader that fell behind, before it uses the publish that it has. The second one
  /// is enough, unless the header is damaged.
  static constexpr int kMostLooks = 16;

  /// Detached, or a deadline watch is on: both in one branch.
  [[nodiscard]] bool is_disturbed() const noexcept {
    // relaxed: as in is_detached(); DeadlineRecorder loads again before it relies on anything. Both
    // words are in one line.
    return ((control_->generation.load(std::memory_order_relaxed) ^ generation_) |
            control_->watch_session.load(std::memory_order_relaxed)) != 0;
  }

  /// Not inlined, and without arguments, so that a read that is not watched need not keep anything
  /// more for it.
  [[gnu::noinline, gnu::cold]] void count_found() const noexcept {
    operation_done(recorder_, slot_of(found_), found_.n);
  }

  /// The newest complete publish (I1).
  [[nodiscard, gnu::always_inline]] Place find_latest() const noexcept {
    Place latest = found_.known() ? found_ : named();
    const Place next = after(latest);
    const std::uint64_t version = slot_of(next).version();
    if (is_to_come(next.n, version)) [[likely]]
      return latest;
    if (version == complete_version(next.n)) {
      const Place second = after(next);
      if (is_to_come(second.n, slot_of(second).version())) [[likely]]
        return next;
    }
    return catch_up(latest, version);
  }

  /// Like find_latest(), for a reader that fell behind: the slot after `latest` had this version.
  [[nodiscard, gnu::noinline]] Place catch_up(Place latest, std::uint64_t version) const noexcept {
    // No later publish was complete when the read began, so this one is new enough.
    Sequence enough = newest_when_seen(version);
    for (int looks = 0; looks < kMostLooks; ++looks) {
      const Place now = named();
      if (!is_after(enough, now.n)) return now;
      // A writer completes at most one publish before the header names it.
      enough = after(now).n;
      if (is_after(now.n, latest.n)) latest = now;
      const Place next = after(latest);
      version = slot_of(next).version();
      if (is_to_come(next.n, version)) break;
      if (version != complete_version(next.n)) continue;
      latest = next;
      if (!is_after(enough, latest.n)) break;
    }
    return latest;
  }

  /// The newest publish that can have been complete when a slot had this version. If the slot was
  /// being filled, that is the publish before it. Otherwise the slot keeps its publish while each
  /// of the others is filled once.
  [[nodiscard]] Sequence newest_when_seen(std::uint64_t version) const noexcept {
    const Sequence n = version / 2;
    return version % 2 != 0 ? n : geometry_.after(n, geometry_.count - 1);
  }

  [[nodiscard]] bool is_after(Sequence n, Sequence other) const noexcept {
    const Sequence distance = n >= other ? n - other : limit_ - (other - n);
    return distance != 0 && distance < limit_ / 2;
  }

  /// The last publish that the header names.
  [[nodiscard]] Place named() const noexcept {
    step(Step::ReaderLoadHeader);
    // acquire [publish]: pairs with the writer's publishing store, so the slot of that publish
    // holds it completely, or is already in use for a later one.
    return place_of(header_->version.load(std::memory_order_acquire) / 2);
  }

  /// Whether this version, in the slot of publish `next`, means that `next` is not complete yet.
  [[nodiscard]] bool is_to_come(Sequence next, std::uint64_t version) const noexcept {
    if (version == complete_version(next) - 2 * std::uint64_t{geometry_.count}) [[likely]]
      return true;
    return version == filling_version(next) || version == kNeverFilled ||
           (next < geometry_.count &&
            version == complete_version(geometry_.before(next, geometry_.count)));
  }

  [[nodiscard]] Place place_of(Sequence n) const noexcept { return {n, geometry_.index_of(n)}; }

  [[nodiscard]] Place after(Place place) const noexcept {
    ++place.n;
    if (++place.index == geometry_.count) {
      place.index = 0;
      // The limit is a multiple of the slot count, so the wrap can only happen here.
      if (place.n == limit_) [[unlikely]]
        place.n = 0;
    }
    return place;
  }

  [[nodiscard]] ReaderSlot slot_of(Place place) const noexcept {
    return {slots_ + place.index * geometry_.stride, geometry_};
  }

  /// Not inlined: needed only for publish 0.
  [[nodiscard, gnu::noinline, gnu::cold]] bool is_emptied() const noexcept {
    // relaxed: only damage ever changes it.
    return __atomic_load_n(&header_->magic, __ATOMIC_RELAXED) != kSegmentMagic ||
           has_false_publish_0(slots_, geometry_);
  }

  const SegmentHeader* header_ = nullptr;
  const ControlFile* control_ = nullptr;
  const std::byte* slots_ = nullptr;
  SlotGeometry geometry_;
  Sequence limit_ = 0;  // of the geometry; a division, done once
  std::uint64_t generation_ = 0;
  std::uint32_t retries_ = 0;
  DeadlineRecorder* recorder_ = nullptr;
  // Mutable: only one thread at a time uses a reader.
  mutable Place found_;  // by the last read
  mutable std::uint64_t retried_ = 0;
};

}  // namespace evo::detail
