/// The untyped reader: spans of bytes, any schema or none.
///
/// A reader belongs to one thread at a time. It maps the data read-only: it cannot
/// damage the segment and never slows its writer.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "evo/channel.hpp"
#include "evo/detail/sole.hpp"
#include "evo/detail/state_observer.hpp"
#include "evo/error.hpp"
#include "evo/options.hpp"
#include "evo/sample.hpp"
#include "evo/writer_state.hpp"

namespace evo {

namespace detail {
struct ReaderAttachment;
}

class SegmentReader {
 public:
  /// Attaches to a segment whatever its schema, for tools and generic code.
  ///
  /// NotFound, NotReady: not there yet (Timeout if `wait` was given and has passed).
  /// Also InvalidName, PermissionDenied, ReaderTableFull, Corrupt, FormatMismatch,
  /// InvalidSchema, ResourceExhausted, Unsupported.
  [[nodiscard]] static Result<SegmentReader> attach(std::string_view name,
                                                    ReaderOptions options = {});

  /// Attaches to a segment that must fit the description; else SchemaMismatch, with a
  /// line for each difference between the two embedded schemas. What the description points to
  /// must outlive the reader.
  [[nodiscard]] static Result<SegmentReader> attach(const ChannelDescription& channel,
                                                    ReaderOptions options = {});

  /// Attaches anew, as `attach` did, after the segment was made anew (ReadError::Detached) or
  /// closed and created again; waits as long for it as asked. After an error everything is as
  /// before, and the last value of the former segment can still be read where it could. Keeps its
  /// entry of the reader table where the control file is still the segment's.
  [[nodiscard]] Result<void> reattach(std::chrono::nanoseconds wait = std::chrono::nanoseconds(0));

  /// What was moved from can be assigned to and destroyed, nothing else.
  SegmentReader(SegmentReader&&) noexcept;
  SegmentReader& operator=(SegmentReader&&) noexcept;
  ~SegmentReader();

  /// Copies the last value out, as much of it as `value` has room for. `stamp_ns` of the
  /// result is zero if the segment carries no stamps. On an error `value` is unspecified.
  [[nodiscard]] tl::expected<SampleInfo, ReadError> read(std::span<std::byte> value) noexcept;

  /// Copies the bytes from `offset` on, torn-free; OutOfRange if they lie outside.
  [[nodiscard]] tl::expected<SampleInfo, ReadError> read_range(std::size_t offset,
                                                               std::span<std::byte> bytes) noexcept;

  /// Twice the number of the last publish; one load. Never less than what the last read found.
  [[nodiscard]] std::uint64_t version() const noexcept { return observer_.version(); }

  /// Whether there was a publish since the last successful read; one load.
  [[nodiscard]] bool has_changed() const noexcept {
    return seen_ ? observer_.has_after(*seen_) : version() != 0;
  }

  /// Sleeps until there was a publish since the last successful read (returns true at
  /// once if so), the writer closed or was found dead by a cleaner, the segment was made anew,
  /// or the time has passed; returns `has_changed()`. Spins for some microseconds first. An end
  /// of the writer that ended one wait does not end the next one.
  bool wait_for_change(std::chrono::nanoseconds timeout) noexcept;

  /// Asks the kernel; two system calls.
  [[nodiscard]] WriterState writer_state() const noexcept;

  /// Copies that the writer overtook and that were made again, over all reads so far.
  [[nodiscard]] std::uint64_t retries() const noexcept { return observer_.retried(); }

  /// Payload bytes of the segment, which may differ from those of the reader's schema.
  [[nodiscard]] std::size_t size() const noexcept { return observer_.geometry().payload_size; }

  /// What the segment says about itself, checked at attach.
  [[nodiscard]] const SegmentLayout& layout() const noexcept;

  /// The binary schema embedded in the segment, verified; empty if it has none.
  [[nodiscard]] std::span<const std::uint8_t> bfbs() const noexcept;

  /// Top-level fields that the segment's layout has of the reader's schema.
  [[nodiscard]] std::uint32_t field_count() const noexcept;

  /// What was obtained of ReaderOptions::memory.
  [[nodiscard]] const MemoryReport& memory() const noexcept;

  /// For typed ends: the protocol without the bounds checks.
  [[nodiscard]] const detail::StateObserver& observer() const noexcept { return observer_; }
  void mark_seen(Sequence n) noexcept { seen_ = n; }

 private:
  explicit SegmentReader(std::unique_ptr<detail::ReaderAttachment> attachment,
                         std::uint32_t retries) noexcept;
  static Result<SegmentReader> attach(std::string_view name, const ChannelDescription* channel,
                                      const ReaderOptions& options);

  detail::Sole<detail::StateObserver> observer_;
  std::optional<Sequence> seen_;  // by the last successful read
  std::unique_ptr<detail::ReaderAttachment> attachment_;
};

}  // namespace evo
