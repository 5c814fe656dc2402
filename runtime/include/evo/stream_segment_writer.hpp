/// The untyped writer of a `kind: stream` segment: spans of bytes, any schema or none.
///
/// A writer belongs to one thread at a time. A push makes no system call, except the wake when a
/// reader sleeps, and, with `overflow: block`, while the ring is full.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "evo/channel.hpp"
#include "evo/detail/sole.hpp"
#include "evo/detail/stream_publisher.hpp"
#include "evo/error.hpp"
#include "evo/options.hpp"

namespace evo {

namespace detail {
struct WriterAttachment;
}

/// The reader that a full stream waits for.
struct SlowReader {
  std::uint64_t unread = 0;  ///< values that it has not taken
  std::uint32_t pid = 0;     ///< advice, as all pids
  std::string process_name;  ///< advice
};

class StreamSegmentWriter {
 public:
  /// Makes the segment, or takes it over from a dead writer; as SegmentWriter::create.
  [[nodiscard]] static Result<StreamSegmentWriter> create(const ChannelDescription& channel,
                                                          WriterOptions options = {});

  /// What was moved from can be assigned to and destroyed, nothing else.
  StreamSegmentWriter(StreamSegmentWriter&&) noexcept;
  StreamSegmentWriter& operator=(StreamSegmentWriter&&) noexcept;
  /// Closes the segment and removes its files; attached readers take what is left.
  ~StreamSegmentWriter();

  /// Adds `value`. A shorter one is filled up with zero bytes; a longer one is OutOfRange. With
  /// `overflow: block`, while the ring is full: spins for 100 us, then sleeps for longer and
  /// longer, until the timeout. WouldBlock: full, and no wait was asked for. Timeout: full all
  /// the time. A reader that has died holds nobody back.
  WriteResult push(std::span<const std::byte> value,
                   std::chrono::nanoseconds timeout = std::chrono::nanoseconds(0)) noexcept;

  /// The attached reader with the most values still to take; none if nobody reads.
  [[nodiscard]] std::optional<SlowReader> slowest_reader() const;

  /// Twice the number of the last push; always even.
  [[nodiscard]] std::uint64_t current_version() const noexcept {
    return detail::complete(publisher_.sequence());
  }

  /// Payload bytes of a value.
  [[nodiscard]] std::size_t size() const noexcept { return geometry_.payload_size; }

  /// Values kept.
  [[nodiscard]] std::size_t capacity() const noexcept { return geometry_.count - 1; }

  /// This writer's fencing token.
  [[nodiscard]] std::uint64_t incarnation() const noexcept;

  /// What was obtained of WriterOptions::memory.
  [[nodiscard]] const MemoryReport& memory() const noexcept;

  /// For typed ends: the protocol without the bounds checks.
  [[nodiscard]] detail::StreamPublisher& publisher() noexcept { return publisher_; }

 private:
  explicit StreamSegmentWriter(std::unique_ptr<detail::WriterAttachment> attachment) noexcept;

  detail::Sole<detail::StreamPublisher> publisher_;
  SlotGeometry geometry_;
  std::unique_ptr<detail::WriterAttachment> attachment_;
};

}  // namespace evo
