// SPDX-License-Identifier: Apache-2.0
/// The writer's side of `kind: state`, and the ring that `kind: stream` uses. It works on memory
/// alone, not on files.
///
/// I1: the writer loads nothing that readers poll: sequence and slot index are private.
/// I2: publish n goes to the slot after that of publish n - 1, so the slot that the header names is
///     never the one being filled.
/// I3: while a loan is out, its slot is the next one, and nothing else is published.
#pragma once

#include <cassert>
#include <optional>
#include <utility>

#include "evo/detail/deadline_recorder.hpp"
#include "evo/detail/lending.hpp"
#include "evo/detail/stamp_clock.hpp"
#include "evo/detail/waiting.hpp"
#include "evo/error.hpp"
#include "evo/format/control_file.hpp"
#include "evo/format/crc32c.hpp"
#include "evo/format/segment_header.hpp"
#include "evo/format/slot.hpp"

namespace evo::detail {

class StatePublisher : public Lender {
 public:
  StatePublisher() = default;
  /// Continues after publish `last`. The memory must outlive the publisher.
  StatePublisher(SegmentHeader* header, ControlFile* control, std::byte* slots,
                 const SlotGeometry& geometry, std::uint64_t incarnation, Sequence last) noexcept
      : header_(header),
        control_(control),
        slots_(slots),
        sequence_(last),
        index_(geometry.index_of(last)),
        // relaxed: written by this thread at create.
        fence_before_wake_(control->wake_protocol.load(std::memory_order_relaxed) ==
                           static_cast<std::uint32_t>(WakeProtocol::Fence)),
        incarnation_(incarnation),
        expected_(incarnation),
        clock_(geometry.stamped ? StampClock::for_this_machine() : StampClock()) {}

  /// Publishes what `fill(payload)` puts into the next slot. If it throws, nothing is published.
  /// The geometry is a parameter so that typed writers pass a constant.
  template <class Fill>
  [[gnu::always_inline]] WriteResult publish(const SlotGeometry& geometry, Fill&& fill) {
    if (is_disturbed()) [[unlikely]] {
      if (const auto refused = refusal()) return tl::unexpected(*refused);
      publish_watched(geometry, fill);
      return {};
    }
    fill_next(geometry, std::forward<Fill>(fill), [this] { return clock_.now(); });
    announce();
    return {};
  }

  /// The first half of a publish: the next slot is filled and complete, but the header does not
  /// name it yet. `stamp()` returns its time.
  template <class Fill, class Clock>
  [[gnu::always_inline]] void fill_next(const SlotGeometry& geometry, Fill&& fill, Clock&& stamp) {
    assert(expected_ == incarnation_);  // I3: no loan is out
    const Next next = next_after(geometry);
    const WriterSlot slot = slot_at(geometry, next.index);
    slot.begin(next.sequence);
    fill(slot.payload());
    seal(geometry, slot, next, stamp);
  }

  /// The second half, for all slots filled since the last one: the header names the newest.
  [[gnu::always_inline]] void announce() noexcept {
    step(Step::WriterPublish);
    // release [publish]: pairs with the reader's acquire load. A reader that sees 2n here
    // sees the slot of publish n complete.
    header_->version.store(detail::complete_version(sequence_), std::memory_order_release);
    wake_if_waiting();
  }

  /// Why nothing can be published now; nullopt if something can.
  [[nodiscard]] std::optional<WriteError> refusal() const noexcept {
    if (is_fenced()) return WriteError::Fenced;
    if (expected_ != incarnation_) return WriteError::LoanOut;
    return std::nullopt;
  }

  /// Marks the next slot as being filled and returns its payload, for `finish` or `abandon`. Call
  /// only if there is no refusal.
  std::byte* begin(const SlotGeometry& geometry) noexcept {
    assert(expected_ == incarnation_);  // I3: one loan at a time
    const Next next = next_after(geometry);
    const WriterSlot slot = slot_at(geometry, next.index);
    slot.begin(next.sequence);
    // No writer ever has this token, so each publish takes the branch that checks for a refusal.
    expected_ = ~incarnation_;
    return slot.payload();
  }

  /// Publishes the slot that `begin` returned.
  WriteResult finish(const SlotGeometry& geometry) noexcept {
    assert(expected_ != incarnation_);  // I3: the loan is out
    abandon();
    if (is_fenced()) return tl::unexpected(WriteError::Fenced);
    if (is_watched()) [[unlikely]] {
      finish_watched(geometry);
    } else {
      seal_begun(geometry);
      announce();
    }
    return {};
  }

  /// Leaves the slot that `begin` returned to the next publish.
  void abandon() noexcept { expected_ = incarnation_; }

  /// The payload of the last publish; only this writer changes it.
  [[nodiscard]] const std::byte* last_payload(const SlotGeometry& geometry) const noexcept {
    return slot_at(geometry, index_).payload();
  }

  [[nodiscard]] Sequence sequence() const noexcept { return sequence_; }

  /// The current time, for a stamp.
  [[nodiscard]] std::uint64_t now() noexcept { return clock_.now(); }

  /// Whether the segment has been taken over since, or this writer was fenced off.
  [[nodiscard]] bool is_fenced() const noexcept {
    // relaxed [fencing-token]: the token decides about this publish only, nothing is read through
    // it. The line hardly ever changes, so the load stays in this core's cache.
    return control_->incarnation.load(std::memory_order_relaxed) != incarnation_;
  }

  /// Counts publishes with `recorder` while a watch is on. It must outlive the publisher.
  void record_with(DeadlineRecorder* recorder) noexcept { recorder_ = recorder; }
  [[nodiscard]] DeadlineRecorder* recorder() const noexcept { return recorder_; }

  /// Whether a deadline watch is on.
  [[nodiscard]] bool is_watched() const noexcept {
    // relaxed: DeadlineRecorder loads again before it relies on anything. The line is that of the
    // incarnation, so the load stays in this core's cache.
    return control_->watch_session.load(std::memory_order_relaxed) != 0;
  }

 private:
  /// Fenced off, a loan is out, or a deadline watch is on: all in one branch.
  [[nodiscard]] bool is_disturbed() const noexcept {
    // relaxed, both: as in is_fenced() and is_watched().
    return ((control_->incarnation.load(std::memory_order_relaxed) ^ expected_) |
            control_->watch_session.load(std::memory_order_relaxed)) != 0;
  }

  /// A function of its own, so that a publish that is not watched has one more branch but loses no
  /// register. `fill` is a copy: if it were passed by reference, the compiler would have to keep in
  /// memory everything that it refers to.
  template <class Fill>
  [[gnu::noinline, gnu::cold]] void publish_watched(const SlotGeometry& geometry, Fill fill) {
    const bool counts = operation_began(recorder_);
    fill_next(geometry, fill, [this] { return clock_.now(); });
    announce();
    if (counts) recorder_->operation_done(0);
  }

  /// Does not count the time in which the caller filled the slot.
  [[gnu::noinline, gnu::cold]] void finish_watched(const SlotGeometry& geometry) noexcept {
    const bool counts = operation_began(recorder_);
    seal_begun(geometry);
    announce();
    if (counts) recorder_->operation_done(0);
  }

  [[gnu::always_inline]] void seal_begun(const SlotGeometry& geometry) noexcept {
    const Next next = next_after(geometry);
    seal(geometry, slot_at(geometry, next.index), next, [this] { return clock_.now(); });
  }

  struct Next {
    Sequence sequence;
    std::uint32_t index;
  };

  [[nodiscard]] Next next_after(const SlotGeometry& geometry) const noexcept {
    Next next{sequence_ + 1, index_ + 1};
    if (next.index == geometry.count) {
      next.index = 0;
      // The limit is a multiple of the slot count, so the wrap can only happen here.
      if (next.sequence == geometry.sequence_limit()) [[unlikely]]
        next.sequence = 0;
    }
    return next;
  }

  [[nodiscard]] WriterSlot slot_at(const SlotGeometry& geometry,
                                   std::uint32_t index) const noexcept {
    return {slots_ + index * geometry.stride, geometry};
  }

  template <class Clock>
  [[gnu::always_inline]] void seal(const SlotGeometry& geometry, const WriterSlot& slot, Next next,
                                   Clock&& stamp) noexcept {
    assert(next.index != index_ && next.index == geometry.index_of(next.sequence));  // I2
    if (geometry.checksummed) slot.set_checksum(crc32c(slot.payload(), geometry.payload_size));
    if (geometry.stamped) {
      const std::uint64_t now = stamp();
      slot.set_stamp(now);
      // relaxed: advice for listings; the value's own stamp is in its slot.
      header_->last_write_ns.store(now, std::memory_order_relaxed);
    }
    slot.complete(next.sequence);
    sequence_ = next.sequence;
    index_ = next.index;
  }

  [[gnu::always_inline]] void wake_if_waiting() noexcept {
    if (fence_before_wake_) [[unlikely]] {
      // seq_cst fence [sleep]: pairs with the waiter's fence; one of the two sees the
      // other's store.
      sync::atomic_thread_fence(std::memory_order_seq_cst);
    } else {
      // Keeps the compiler from moving the load below before the publish; the waiter's membarrier
      // enforces that order on the processor when it matters.
      sync::atomic_signal_fence(std::memory_order_seq_cst);
    }
    // relaxed: see above; the word is only a reason to make a system call.
    if (control_->waiters.load(std::memory_order_relaxed) != 0) [[unlikely]]
      wake_waiters(*header_, *control_, detail::complete_version(sequence_));
  }

  SegmentHeader* header_ = nullptr;
  ControlFile* control_ = nullptr;
  std::byte* slots_ = nullptr;
  Sequence sequence_ = 0;
  std::uint32_t index_ = 0;
  bool fence_before_wake_ = true;
  std::uint64_t incarnation_ = 0;
  std::uint64_t expected_ = 0;  // the incarnation; while a loan is out, its complement
  StampClock clock_;
  DeadlineRecorder* recorder_ = nullptr;
};

/// The last complete publish of a segment whose writer is dead: the one that the header names, or
/// the one after it if the writer died between completing its slot and publishing it. 0 if there
/// was no publish. nullopt if versions and slots contradict each other, so that the segment cannot
/// be trusted.
std::optional<Sequence> find_last_complete(const SegmentHeader& header, const std::byte* slots,
                                           const SlotGeometry& geometry) noexcept;

/// The same, if up to `longest` publishes may be complete but not yet named by the header.
std::optional<Sequence> find_last_in_row(const SegmentHeader& header, const std::byte* slots,
                                         const SlotGeometry& geometry,
                                         std::uint32_t longest) noexcept;

/// Makes the header name publish `last`, which a dead writer completed, for a writer that continues
/// after it. Returns whether the header named an older one.
bool continue_after(SegmentHeader& header, Sequence last) noexcept;

/// Marks every slot as never filled.
void reset_slots(std::byte* slots, const SlotGeometry& geometry) noexcept;

}  // namespace evo::detail
