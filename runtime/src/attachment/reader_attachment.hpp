/// Everything of a reader that the data path does not need: files, locks, mappings.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "attachment/control.hpp"
#include "evo/clock.hpp"
#include "evo/detail/end_watch.hpp"
#include "evo/detail/state_observer.hpp"
#include "evo/detail/waiting.hpp"
#include "evo/options.hpp"
#include "evo/writer_state.hpp"

namespace evo::detail {

/// What a reader asks for.
struct Wanted {
  std::string_view name;
  const ChannelDescription* channel = nullptr;  ///< that it must fit; nullptr: any
  std::optional<Kind> kind = {};                ///< none: any
};

struct ReaderAttachment {
  /// One attempt; NotFound and NotReady are worth another one.
  static Result<std::unique_ptr<ReaderAttachment>> make(const Wanted& wanted,
                                                        const ReaderOptions& options,
                                                        ReaderAttachment* former = nullptr);
  /// Attempts until one succeeds, fails for good, or `options.wait` has passed. `former` is to be
  /// replaced: while its control file is the segment's, its entry is handed over, and it gets it
  /// back if the attempt fails.
  static Result<std::unique_ptr<ReaderAttachment>> await(const Wanted& wanted,
                                                         const ReaderOptions& options,
                                                         ReaderAttachment* former = nullptr);
  /// The same segment again, for the same reader, as it is now.
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
  [[nodiscard]] ReaderEntry& entry() const noexcept { return control->readers()[entry_index]; }

  /// Sleeps until `there()`, the writer closed or died, the segment was made anew, or the time has
  /// passed; returns `there()`.
  template <class There>
  [[nodiscard]] bool sleep_until(There&& there, std::chrono::nanoseconds timeout) noexcept {
    const std::uint64_t start = monotonic_ns();
    while (true) {
      // Before the look: whatever comes after it changes this version. A slot may be ahead of it,
      // so the version that belongs to the last value read is not the one to wait on.
      // acquire [F]: pairs with the writer's publishing store [E].
      const std::uint64_t version = header().version.load(std::memory_order_acquire);
      if (there()) return true;
      const std::chrono::nanoseconds elapsed(monotonic_ns() - start);
      if (timeout <= elapsed) return false;
      told_ = wait({.header = &header(),
                    .control = control.operator->(),
                    .entry = &entry(),
                    .seen_version = version,
                    .told = told_},
                   timeout - elapsed);
      // Closed, dead or made anew: nothing comes any more. Who calls again all the same sleeps
      // until that changes.
      // relaxed: only decides whether to go on waiting.
      if (header().version.load(std::memory_order_relaxed) == version) return there();
    }
  }

  Domain domain;
  std::string name;
  ReaderOptions options;
  std::optional<ChannelDescription> fitted_to;  // what it was asked to fit
  std::optional<Kind> kind;                     // what it was asked to be
  Control control;                              // holds this reader's lock through its descriptor
  Mapping data;
  SegmentLayout layout;
  MemoryReport memory;
  std::optional<EndWatch> watch;
  std::uint32_t entry_index = 0;
  std::uint32_t field_count = 0;
  std::vector<std::uint8_t> bfbs;

 private:
  struct HandBack;

  /// Makes it this segment's, with its entry and all that can fail.
  Result<void> fill(const Wanted& wanted);
  void hand_entry_to(ReaderAttachment& successor);
  Result<void> take_entry();
  Result<bool> try_entry(std::uint32_t index);
  Result<void> map_data(Access access);
  Result<void> check_kind() const;
  Result<void> check_schema(const ChannelDescription& channel);
  Result<void> check_self_description();

  [[nodiscard]] bool is_closed() const;

  std::vector<CompatibleEntry> compatible_;
  bool has_entry_ = false;
  WriterNews told_;
};

}  // namespace evo::detail
