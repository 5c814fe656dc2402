// SPDX-License-Identifier: Apache-2.0
/// The untyped reader of a `kind: stream` segment: spans of bytes, any schema or none.
///
/// Use a reader from one thread at a time. It maps the data read-only.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "evo/channel.hpp"
#include "evo/detail/chrono.hpp"
#include "evo/detail/moved_from_empty.hpp"
#include "evo/detail/owned.hpp"
#include "evo/detail/stream_observer.hpp"
#include "evo/detail/wait_member.hpp"
#include "evo/error.hpp"
#include "evo/item.hpp"
#include "evo/options.hpp"
#include "evo/writer_state.hpp"

namespace evo {

namespace detail {
struct ReaderAttachment;
}

class RawStreamReader : public detail::WaitMember {
 public:
  /// Attaches to a stream, whatever its schema is; starts with the newest value.
  /// Fails like RawStateReader::attach; also Unsupported: the segment is not a stream.
  [[nodiscard]] static Result<RawStreamReader> attach(std::string_view name,
                                                      ReaderOptions options = {});

  /// Attaches to a stream that must fit the description; otherwise SchemaMismatch.
  [[nodiscard]] static Result<RawStreamReader> attach(const ChannelDescription& channel,
                                                      ReaderOptions options = {});

  /// Like RawStateReader::reattach. Starts with the newest value of the segment that it finds.
  [[nodiscard]] Result<void> reattach(std::chrono::nanoseconds wait = std::chrono::nanoseconds(0));

  /// A moved-from object may only be assigned to or destroyed.
  RawStreamReader(RawStreamReader&&) noexcept;
  RawStreamReader& operator=(RawStreamReader&&) noexcept;
  /// No longer holds back the writer.
  ~RawStreamReader();

  /// Takes the next value, as much of it as `value` has room for. Returns nullopt if there is none
  /// yet, and `value` is then unspecified.
  [[nodiscard]] std::optional<ItemInfo> next(std::span<std::byte> value) noexcept;

  /// Moves to the oldest available value, or to the newest; the next `next` takes it.
  void seek_oldest() noexcept { observer_.seek_oldest(); }
  void seek_latest() noexcept { observer_.seek_latest(); }
  /// Moves to the value with this number. Values that existed and are no longer available count as
  /// lost; if the value is still to come, `next` returns nothing until then. A number beyond
  /// `sequence_limit` stands for the next value to come.
  void seek_to(std::uint64_t sequence) noexcept { observer_.seek_to(sequence); }

  /// Blocks until there is a next value (returns true immediately if there is one), the writer
  /// closed or a cleaner found it dead, the segment was recreated, or the timeout passed. Returns
  /// whether there is a next value. Spins for a few microseconds first. A close, death or
  /// recreation that ended one wait does not end the next.
  bool wait_for_next(std::chrono::nanoseconds timeout) noexcept;

  /// The same without sleeping, like RawStateReader::poll_for_change.
  bool poll_for_next(std::chrono::nanoseconds timeout) noexcept;

  /// Number of published values not taken yet.
  [[nodiscard]] std::uint64_t lag() const noexcept { return observer_.lag(); }

  /// Number of values lost since attach, including damaged ones (`checksum: crc32c`).
  [[nodiscard]] std::uint64_t lost() const noexcept { return observer_.lost(); }

  /// Whether no more values will come, because the segment was recreated, its file was emptied, or
  /// this is a forked child: reattach.
  [[nodiscard]] bool is_detached() const noexcept { return observer_.is_detached(); }
  [[nodiscard, deprecated("use is_detached()")]] bool detached() const noexcept {
    return is_detached();
  }

  /// Queries the kernel; two system calls.
  [[nodiscard]] WriterState writer_state() const noexcept;

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
  [[nodiscard]] detail::StreamObserver& observer() noexcept { return observer_; }
  [[nodiscard]] const detail::StreamObserver& observer() const noexcept { return observer_; }

 private:
  friend struct detail::WaitSetState;

  explicit RawStreamReader(detail::Owned<detail::ReaderAttachment> attachment) noexcept;
  static Result<RawStreamReader> attach(std::string_view name, const ChannelDescription* channel,
                                        const ReaderOptions& options);

  detail::MovedFromEmpty<detail::StreamObserver> observer_;
  detail::Owned<detail::ReaderAttachment> attachment_;
};

}  // namespace evo
