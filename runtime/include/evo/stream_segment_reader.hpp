/// The untyped reader of a `kind: stream` segment: spans of bytes, any schema or none.
///
/// A reader belongs to one thread at a time. It maps the data read-only.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "evo/channel.hpp"
#include "evo/detail/sole.hpp"
#include "evo/detail/stream_observer.hpp"
#include "evo/error.hpp"
#include "evo/item.hpp"
#include "evo/options.hpp"
#include "evo/writer_state.hpp"

namespace evo {

namespace detail {
struct ReaderAttachment;
}

class StreamSegmentReader {
 public:
  /// Attaches to a stream whatever its schema; begins with the newest value. As
  /// SegmentReader::attach; Unsupported: the segment is no stream.
  [[nodiscard]] static Result<StreamSegmentReader> attach(std::string_view name,
                                                          ReaderOptions options = {});

  /// Attaches to a stream that must fit the description, else SchemaMismatch.
  [[nodiscard]] static Result<StreamSegmentReader> attach(const ChannelDescription& channel,
                                                          ReaderOptions options = {});

  /// As SegmentReader::reattach. Begins with the newest value of what it finds.
  [[nodiscard]] Result<void> reattach(std::chrono::nanoseconds wait = std::chrono::nanoseconds(0));

  /// What was moved from can be assigned to and destroyed, nothing else.
  StreamSegmentReader(StreamSegmentReader&&) noexcept;
  StreamSegmentReader& operator=(StreamSegmentReader&&) noexcept;
  /// Holds the writer back no longer.
  ~StreamSegmentReader();

  /// Takes the next value, as much of it as `value` has room for; nothing if there is none yet,
  /// and `value` is unspecified then.
  [[nodiscard]] std::optional<ItemInfo> next(std::span<std::byte> value) noexcept;

  /// Goes to the oldest value there is, or to the newest; the next `next` takes it.
  void seek_oldest() noexcept { observer_.seek_oldest(); }
  void seek_latest() noexcept { observer_.seek_latest(); }
  /// Goes to the value with this number. Values that were there and are not any more count as
  /// lost; one that is still to come is waited for. A number beyond `sequence_limit` stands for the
  /// next one to come.
  void seek_to(std::uint64_t sequence) noexcept { observer_.seek_to(sequence); }

  /// Sleeps until there is a next value (returns true at once if so), the writer closed or was
  /// found dead by a cleaner, the segment was made anew, or the time has passed; returns whether
  /// there is one. Spins for some microseconds first. An end that ended one wait does not end the
  /// next one.
  bool wait_for_next(std::chrono::nanoseconds timeout) noexcept;

  /// Published values that were not taken yet.
  [[nodiscard]] std::uint64_t lag() const noexcept { return observer_.lag(); }

  /// Values lost since it attached, damaged ones (`checksum: crc32c`) among them.
  [[nodiscard]] std::uint64_t lost() const noexcept { return observer_.lost(); }

  /// Whether nothing will come any more, because the segment was recreated, its file was emptied,
  /// or this is a forked child: reattach.
  [[nodiscard]] bool detached() const noexcept { return observer_.detached(); }

  /// Asks the kernel; two system calls.
  [[nodiscard]] WriterState writer_state() const noexcept;

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
  [[nodiscard]] detail::StreamObserver& observer() noexcept { return observer_; }
  [[nodiscard]] const detail::StreamObserver& observer() const noexcept { return observer_; }

 private:
  explicit StreamSegmentReader(std::unique_ptr<detail::ReaderAttachment> attachment) noexcept;
  static Result<StreamSegmentReader> attach(std::string_view name,
                                            const ChannelDescription* channel,
                                            const ReaderOptions& options);

  detail::Sole<detail::StreamObserver> observer_;
  std::unique_ptr<detail::ReaderAttachment> attachment_;
};

}  // namespace evo
