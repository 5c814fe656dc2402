// SPDX-License-Identifier: Apache-2.0
/// The reader's side of `kind: stream`: takes every value in order, and counts what it lost.
///
/// It checks the slot of the next value itself, not the header: the slot's version says whether
/// that value is there, is still to come, or was overwritten. So a reader that keeps up waits on
/// the very line that brings the value, and one that lags touches no line that the writer is using.
/// It loads the header only when the slot holds something else.
///
/// I1: a value counts as taken when the cursor has passed it; the cursor is stored after the last
///     load from the value's slot.
/// I2: while views are out, the cursor stays before the oldest value that one of them shows.
/// I3: in a blocking stream, every value from the later of `kept_from_` and the cursor on is kept:
///     the writer does not overwrite it, and this reader does not skip it.
#pragma once

#include <cassert>
#include <utility>

#include "evo/detail/deadline_recorder.hpp"
#include "evo/detail/lending.hpp"
#include "evo/error.hpp"
#include "evo/format/control_file.hpp"
#include "evo/format/segment_header.hpp"
#include "evo/format/slot.hpp"

namespace evo::detail {

/// A value that a view shows.
class ShownValue : public Borrower {
 public:
  /// Number of the push, from 1.
  [[nodiscard]] Sequence sequence() const noexcept { return sequence_; }
  /// Values that were lost between the previous one taken and this one.
  [[nodiscard]] std::uint64_t lost() const noexcept { return lost_; }

 protected:
  Sequence sequence_ = 0;
  std::uint64_t lost_ = 0;
};

class StreamObserver : public Lender {
 public:
  StreamObserver() = default;
  /// The memory must outlive the observer. It has no position yet: seek first.
  StreamObserver(const SegmentHeader* header, const ControlFile* control, ReaderEntry* entry,
                 const std::byte* slots, const SlotGeometry& geometry, std::uint64_t generation,
                 std::uint32_t retries, Overflow overflow) noexcept
      : header_(header),
        control_(control),
        entry_(entry),
        slots_(slots),
        geometry_(geometry),
        generation_(generation),
        retries_(retries),
        overflow_(overflow) {}

  /// Runs `copy(slot)` on the next value until nothing overtook it. False if there is none yet.
  /// What `copy` stored counts only if the result is true. `advance` takes the value.
  template <class Copy>
  [[nodiscard, gnu::always_inline]] bool look(Copy&& copy) {
    bool counts = false;
    if (is_watched()) [[unlikely]]
      counts = operation_began(recorder_);
    for (std::uint32_t attempt = 0;; ++attempt) {
      if (slot().try_read(next_, copy)) [[likely]] {
        // An emptied file, and a forked child's pages, look like a publish 0 of zeros.
        if (next_ == 0 && is_emptied()) [[unlikely]]
          return false;
        if (counts) [[unlikely]]
          count_next();
        return true;
      }
      if (!catch_up(attempt)) return false;
    }
  }

  /// Counts reads with `recorder` while a deadline watch is on. It must outlive the observer.
  void record_with(DeadlineRecorder* recorder) noexcept { recorder_ = recorder; }

  /// Whether a deadline watch is on.
  [[nodiscard]] bool is_watched() const noexcept {
    // relaxed: DeadlineRecorder loads again before it relies on anything. The line hardly ever
    // changes, so the load stays in this core's cache.
    return control_->watch_session.load(std::memory_order_relaxed) != 0;
  }

  /// Takes the next value. `store_cursor` then releases the slots before the cursor.
  void advance() noexcept {
    assert(index_ == geometry_.index_of(next_));
    ++next_;
    if (++index_ == geometry_.count) {
      index_ = 0;
      if (next_ == geometry_.sequence_limit()) [[unlikely]]
        next_ = 0;
    }
  }

  /// Publishes the position to a blocked writer.
  void store_cursor() noexcept {
    const Sequence first = has_lent() ? oldest_in_use() : next_;
    step(Step::ReaderStoreCursor);
    // release [cursor]: pairs with the writer's acquire load. Our copies out of the slots before
    // the cursor come before anything that the writer fills in there.
    entry_->cursor.store(2 * first + 1, std::memory_order_release);
  }

  /// Takes back the value that a view showed. It is the next one again, unless another one has
  /// been taken since; then it counts as lost, because values come in order.
  void put_back(const ShownValue& value) noexcept;

  /// Skips the next value, which was there but cannot be used; it counts as lost.
  void skip() noexcept {
    count_lost(1);
    advance();
    store_cursor();
  }

  /// Whether values were lost since the last call of `take_lost`, and how many.
  [[nodiscard]] bool has_lost() const noexcept { return lost_since_ != 0; }
  std::uint64_t take_lost() noexcept { return std::exchange(lost_since_, 0); }
  [[nodiscard]] std::uint64_t lost() const noexcept { return lost_; }

  /// Number of the next value.
  [[nodiscard]] Sequence next() const noexcept { return next_; }

  /// Number of published values not taken yet.
  [[nodiscard]] std::uint64_t lag() const noexcept {
    const Sequence end = geometry_.after(latest(), 1);
    return geometry_.is_after(end, next_) ? geometry_.distance(next_, end) : 0;
  }

  /// Whether the next value is there, or was.
  [[nodiscard]] bool has_next() const noexcept {
    if (slot().version() == complete_version(next_)) return next_ != 0 || !is_emptied();
    return lag() != 0 && !is_emptied();
  }

  /// Whether value n, seen in its slot before, is still there.
  [[nodiscard]] bool still_there(Sequence n) const noexcept {
    // acquire fence [slot-reuse]: as in ReaderSlot::try_read, pairs with the writer's fence.
    sync::atomic_thread_fence(std::memory_order_acquire);
    return slot_of(geometry_.index_of(n)).version() == complete_version(n);
  }

  /// Whether a view shows this memory.
  [[nodiscard]] bool shows(const void* memory) const noexcept;

  /// Makes the writer respect the cursor from now on, and starts with the newest value. Call once.
  void attach() noexcept;
  void seek_latest() noexcept { seek(newest()); }
  void seek_oldest() noexcept;
  void seek(Sequence n) noexcept;
  /// The same, also for a number that no value can have.
  void seek_to(Sequence n) noexcept;

  /// Whether the writer of a blocking stream leaves the next value alone until the cursor has
  /// passed it. Values that were published before the cursor was there may be overwritten at any
  /// time.
  [[nodiscard]] bool is_kept() const noexcept { return !geometry_.is_after(kept_from_, next_); }

  /// Whether the segment was replaced, its file was emptied, or this is a forked child.
  [[nodiscard]] bool is_detached() const noexcept {
    // relaxed: as in StateObserver.
    return control_->generation.load(std::memory_order_relaxed) != generation_ || is_emptied();
  }

  [[nodiscard]] const SlotGeometry& geometry() const noexcept { return geometry_; }

  /// Twice the number of the last publish; one load.
  [[nodiscard]] std::uint64_t version() const noexcept {
    step(Step::ReaderLoadHeader);
    // acquire [publish]: pairs with the writer's publishing store.
    return header_->version.load(std::memory_order_acquire);
  }

 private:
  /// Like StateObserver::count_found.
  [[gnu::noinline, gnu::cold]] void count_next() const noexcept {
    operation_done(recorder_, slot(), next_);
  }

  [[nodiscard]] ReaderSlot slot() const noexcept { return slot_of(index_); }
  [[nodiscard]] ReaderSlot slot_of(std::uint32_t index) const noexcept {
    return {slots_ + index * geometry_.stride, geometry_};
  }
  [[nodiscard]] Sequence latest() const noexcept { return version() / 2; }
  /// Whether publish 0 is there: the numbers start with 1, and reach 0 only across the wrap.
  [[nodiscard]] bool has_publish_0() const noexcept {
    return slot_of(0).version() == complete_version(0) && !is_emptied();
  }
  /// The next value, or an older one that a view still shows.
  [[nodiscard]] Sequence oldest_in_use() const noexcept;
  /// The last publish; 1 before the first.
  [[nodiscard]] Sequence newest() const noexcept;
  /// Handles a slot that does not hold the next value. Returns whether to check again, perhaps at a
  /// later value.
  bool catch_up(std::uint32_t attempt) noexcept;
  /// Sets the cursor to value n. Returns the newest value, which is kept from now on.
  Sequence move_cursor(Sequence n) noexcept;
  /// Moves to the oldest value that is safe from the writer, whose newest value is `last`.
  void jump(Sequence last, std::uint32_t attempt) noexcept;

  /// Whether the file was emptied, or this is a forked child.
  [[nodiscard]] bool is_emptied() const noexcept {
    // relaxed: only damage ever changes it.
    return __atomic_load_n(&header_->magic, __ATOMIC_RELAXED) != kSegmentMagic ||
           has_false_publish_0(slots_, geometry_);
  }

  void position(Sequence n) noexcept {
    next_ = n;
    index_ = geometry_.index_of(n);
  }
  void count_lost(std::uint64_t values) noexcept {
    lost_since_ += values;
    lost_ += values;
  }

  const SegmentHeader* header_ = nullptr;
  const ControlFile* control_ = nullptr;
  ReaderEntry* entry_ = nullptr;
  const std::byte* slots_ = nullptr;
  SlotGeometry geometry_;
  std::uint64_t generation_ = 0;
  std::uint32_t retries_ = 0;
  Overflow overflow_ = Overflow::Overwrite;
  DeadlineRecorder* recorder_ = nullptr;
  Sequence next_ = 1;
  std::uint32_t index_ = 1;
  Sequence kept_from_ = 1;  // I3
  std::uint64_t lost_since_ = 0;
  std::uint64_t lost_ = 0;
};

}  // namespace evo::detail
