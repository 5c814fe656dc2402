// SPDX-License-Identifier: Apache-2.0
/// The parts of a reader that the data path does not need: files, locks, mappings.
#pragma once

#include <atomic>
#include <cassert>
#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "attachment/control.hpp"
#include "base/pause.hpp"
#include "evo/clock.hpp"
#include "evo/detail/deadline_recorder.hpp"
#include "evo/detail/state_observer.hpp"
#include "evo/detail/waiting.hpp"
#include "evo/options.hpp"
#include "evo/wait_reason.hpp"
#include "evo/writer_state.hpp"

namespace evo::detail {

/// What a reader requests.
struct Wanted {
  std::string_view name;
  const ChannelDescription* channel = nullptr;  ///< must fit the segment; nullptr: any
  std::optional<Kind> kind = {};                ///< none: a state or a stream
};

struct ReaderAttachment {
  /// Makes one attempt. After NotFound and NotReady, another one may succeed.
  static Result<std::unique_ptr<ReaderAttachment>> make(const Wanted& wanted,
                                                        const ReaderOptions& options,
                                                        ReaderAttachment* former = nullptr);
  /// Attempts until one succeeds or fails for good, or until `options.wait` has passed. The new
  /// attachment replaces `former`: while the control file of `former` is the segment's current one,
  /// its entry is handed over, and handed back if the attempt fails.
  static Result<std::unique_ptr<ReaderAttachment>> await(const Wanted& wanted,
                                                         const ReaderOptions& options,
                                                         ReaderAttachment* former = nullptr);
  /// Attaches to the same segment again, in its present state, for the same reader.
  static Result<std::unique_ptr<ReaderAttachment>> renew(ReaderAttachment& former,
                                                         std::chrono::nanoseconds wait);
  ReaderAttachment(Domain domain, std::string_view name, Control opened);
  ReaderAttachment(const ReaderAttachment&) = delete;
  ReaderAttachment& operator=(const ReaderAttachment&) = delete;
  /// Frees the entry; the last reader of a closed segment removes its control file.
  ~ReaderAttachment();

  [[nodiscard]] const SegmentHeader& header() const noexcept {
    return *reinterpret_cast<const SegmentHeader*>(data.data());
  }
  [[nodiscard]] const std::byte* slots() const noexcept {
    return data.data() + layout.slots_offset;
  }
  [[nodiscard]] WriterState writer_state() const noexcept;
  [[nodiscard]] ReaderEntry& entry() const noexcept {
    assert(entry_index < control.table_size());
    return control->readers()[entry_index];
  }

  /// What this reader sleeps for from now on: every later publish changes the version in it. A slot
  /// may be ahead of it, so the version of the last value read is not the one to wait on.
  [[nodiscard]] Waiter waiter() const noexcept {
    return {.header = &header(),
            .control = control.operator->(),
            .entry = &entry(),
            // acquire [publish]: pairs with the writer's publishing store.
            .seen_version = header().version.load(std::memory_order_acquire),
            .last_seen = last_seen_};
  }

  /// Sleeps until `there()` is true, the writer closed or died, the segment was recreated, or the
  /// time has passed. Returns `there()`.
  template <class There>
  [[nodiscard]] bool sleep_until(There&& there, std::chrono::nanoseconds timeout) noexcept {
    const std::uint64_t end = end_of_wait(monotonic_ns(), timeout);
    while (true) {
      const Waiter self = waiter();
      if (there()) return true;
      const std::uint64_t now = monotonic_ns();
      if (now >= end) return false;
      const WriterEpoch epoch = wait(self, std::chrono::nanoseconds(end - now));
      // relaxed: only decides whether to continue waiting.
      if (header().version.load(std::memory_order_relaxed) != self.seen_version) continue;
      if (there()) return true;
      last_seen_ = epoch;
      return false;
    }
  }

  /// The same, but never sleeps.
  template <class There>
  [[nodiscard]] bool poll_until(There&& there, std::chrono::nanoseconds timeout) noexcept {
    // About a microsecond, as long as the line stays in this core's cache.
    constexpr int kTightLooks = 256;
    constexpr int kPacedLooks = 16;
    for (int look = 0; look < kTightLooks; ++look) {
      if (there()) return true;
    }
    const std::uint64_t end = end_of_wait(monotonic_ns(), timeout);
    while (monotonic_ns() < end) {
      for (int look = 0; look < kPacedLooks; ++look) {
        if (there()) return true;
        pause();
      }
      const WriterEpoch epoch = epoch_of(*control.operator->());
      if (!is_news(last_seen_, epoch)) continue;
      if (there()) return true;
      last_seen_ = epoch;
      return false;
    }
    return there();
  }

  /// What happened to the writer or the segment since the last call, or since the wait that ended
  /// because of it. None if nothing did. Value if `there()` has become true; a later call then
  /// reports what happened.
  template <class There>
  [[nodiscard]] WaitReason take_news(There&& there) noexcept {
    const std::uint64_t incarnation = writer_incarnation();
    const WriterEpoch now = epoch_of(*control.operator->());
    if (!is_news(last_seen_, now)) return WaitReason::None;
    // acquire fence [phase]: pairs with the closing writer's release store. The look below sees
    // what was published before.
    std::atomic_thread_fence(std::memory_order_acquire);
    return there() ? WaitReason::Value : report_news(now, incarnation);
  }
  /// WriterDied if the kernel says so and this writer's death was not reported yet; Value as above.
  /// Two system calls.
  template <class There>
  [[nodiscard]] WaitReason take_death(There&& there) noexcept {
    const std::uint64_t incarnation = writer_incarnation();
    if (!is_newly_dead(incarnation)) return WaitReason::None;
    return there() ? WaitReason::Value : report_death(incarnation);
  }

  Domain domain;
  std::string name;
  ReaderOptions options;
  std::optional<ChannelDescription> fitted_to;  // the channel that was requested
  std::optional<Kind> kind;                     // the kind that was requested
  Control control;                              // holds this reader's lock through its descriptor
  Mapping data;                                 // of a link: without its connections
  FileDescriptor data_fd;                       // of a link
  SegmentLayout layout;
  MemoryReport memory;
  std::optional<DeadlineRecorder> watch;
  std::uint32_t entry_index = 0;
  std::uint32_t field_count = 0;
  std::vector<std::uint8_t> bfbs;

 private:
  struct HandBack;

  /// Does everything that can fail: takes the entry, maps the files, checks them.
  Result<void> fill(const Wanted& wanted);
  void hand_entry_to(ReaderAttachment& successor);
  Result<void> take_entry();
  Result<bool> try_entry(std::uint32_t index);
  Result<void> map_data(Access access);
  [[nodiscard]] Trust trust_in_data(Access access) const;
  [[nodiscard]] Result<void> check_kind() const;
  Result<void> check_schema(const ChannelDescription& channel);
  Result<void> check_self_description();

  [[nodiscard]] bool is_closed() const;
  [[nodiscard]] std::uint64_t writer_incarnation() const noexcept;
  [[nodiscard]] bool is_newly_dead(std::uint64_t incarnation) const noexcept;
  WaitReason report_news(const WriterEpoch& now, std::uint64_t incarnation) noexcept;
  WaitReason report_death(std::uint64_t incarnation) noexcept;

  std::vector<CompatibleEntry> compatible_;
  bool has_entry_ = false;
  // Closed, dead or recreated: nothing is published here any more. A wait that reports a value does
  // not report that, so only one that reports none remembers it. A caller that calls again anyway
  // sleeps until it changes.
  WriterEpoch last_seen_;
  std::uint64_t reported_dead_ = 0;  ///< the last incarnation whose death was reported
};

}  // namespace evo::detail
