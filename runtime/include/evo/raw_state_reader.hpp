// SPDX-License-Identifier: Apache-2.0
/// The untyped reader: spans of bytes, any schema or none.
///
/// Use a reader from one thread at a time. It maps the data read-only: it cannot damage the segment
/// and never slows its writer.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "evo/channel.hpp"
#include "evo/detail/chrono.hpp"
#include "evo/detail/moved_from_empty.hpp"
#include "evo/detail/owned.hpp"
#include "evo/detail/state_observer.hpp"
#include "evo/detail/wait_member.hpp"
#include "evo/error.hpp"
#include "evo/options.hpp"
#include "evo/sample.hpp"
#include "evo/writer_state.hpp"

namespace evo {

namespace detail {
struct ReaderAttachment;
}

class RawStateReader : public detail::WaitMember {
 public:
  /// Attaches to a segment, whatever its schema is, for tools and generic code.
  ///
  /// NotFound, NotReady: not there yet (Timeout if `wait` was given and has passed). Also
  /// InvalidName, PermissionDenied, ReaderTableFull, Corrupt, FormatMismatch, InvalidSchema,
  /// ResourceExhausted, Unsupported.
  [[nodiscard]] static Result<RawStateReader> attach(std::string_view name,
                                                     ReaderOptions options = {});

  /// Attaches to a segment that must fit the description; otherwise SchemaMismatch, with a line for
  /// each difference between the two embedded schemas. The objects that the description points to
  /// must outlive the reader.
  [[nodiscard]] static Result<RawStateReader> attach(const ChannelDescription& channel,
                                                     ReaderOptions options = {});

  /// Attaches again, as `attach` did, after the segment was recreated (ReadError::Detached) or
  /// closed and created again; waits up to `wait` for the segment. On an error nothing changes, and
  /// the last value of the former segment stays readable if it was before. Keeps its entry of the
  /// reader table if the control file is still the segment's.
  [[nodiscard]] Result<void> reattach(std::chrono::nanoseconds wait = std::chrono::nanoseconds(0));

  /// A moved-from object may only be assigned to or destroyed.
  RawStateReader(RawStateReader&&) noexcept;
  RawStateReader& operator=(RawStateReader&&) noexcept;
  ~RawStateReader();

  /// Copies the last value out, as much of it as `value` has room for. `stamp_ns` of the
  /// result is zero if the segment carries no stamps. On an error `value` is unspecified.
  [[nodiscard]] ReadResult<SampleInfo> read(std::span<std::byte> value) noexcept;

  /// Copies the bytes from `offset` on, never torn. OutOfRange: they lie outside.
  [[nodiscard]] ReadResult<SampleInfo> read_range(std::size_t offset,
                                                  std::span<std::byte> bytes) noexcept;

  /// Twice the number of the last publish; one load. Never less than the version that the last read
  /// found.
  [[nodiscard]] std::uint64_t version() const noexcept { return observer_.version(); }

  /// Whether a value was published since the last successful read; one load.
  [[nodiscard]] bool has_changed() const noexcept {
    return seen_ ? observer_.has_after(*seen_) : version() != 0;
  }

  /// Blocks until a value was published since the last successful read (returns true immediately if
  /// one already was), the writer closed or a cleaner found it dead, the segment was recreated, or
  /// the timeout passed. Returns `has_changed()`. Spins for a few microseconds first. A close,
  /// death or recreation that ended one wait does not end the next.
  bool wait_for_change(std::chrono::nanoseconds timeout) noexcept;

  /// The same, but never sleeps: looks again and again, without a break for about a microsecond,
  /// then with a pause instruction between two looks. Saves the tens of microseconds that a wake
  /// takes, and keeps the core busy.
  bool poll_for_change(std::chrono::nanoseconds timeout) noexcept;

  /// Queries the kernel; two system calls.
  [[nodiscard]] WriterState writer_state() const noexcept;

  /// Number of copies repeated because the writer overtook them, over all reads so far.
  [[nodiscard]] std::uint64_t retries() const noexcept { return observer_.retried(); }

  /// Payload bytes of the segment, which may differ from those of the reader's schema.
  [[nodiscard]] std::size_t size() const noexcept { return observer_.geometry().payload_size; }

  /// The segment's description of itself, checked at attach.
  [[nodiscard]] const SegmentLayout& layout() const noexcept;

  /// The binary schema embedded in the segment, verified; empty if it has none.
  [[nodiscard]] std::span<const std::uint8_t> bfbs() const noexcept;

  /// Number of top-level fields of the reader's schema that the segment's layout has.
  [[nodiscard]] std::uint32_t field_count() const noexcept;

  /// Which of the ReaderOptions::memory requests were granted.
  [[nodiscard]] const MemoryReport& memory() const noexcept;

  /// For typed readers: the protocol without the bounds checks.
  [[nodiscard]] const detail::StateObserver& observer() const noexcept { return observer_; }
  void mark_seen(Sequence n) noexcept { seen_ = n; }

 private:
  friend struct detail::WaitSetState;

  explicit RawStateReader(detail::Owned<detail::ReaderAttachment> attachment,
                          std::uint32_t retries) noexcept;
  static Result<RawStateReader> attach(std::string_view name, const ChannelDescription* channel,
                                       const ReaderOptions& options);

  detail::MovedFromEmpty<detail::StateObserver> observer_;
  std::optional<Sequence> seen_;  // number found by the last successful read
  detail::Owned<detail::ReaderAttachment> attachment_;
};

}  // namespace evo
