// SPDX-License-Identifier: Apache-2.0
/// The untyped writer of a `kind: stream` segment: spans of bytes, any schema or none.
///
/// Use a writer from one thread at a time. A push makes no system call, except to wake a sleeping
/// reader and, with `overflow: block`, while the ring is full.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "evo/channel.hpp"
#include "evo/detail/chrono.hpp"
#include "evo/detail/moved_from_empty.hpp"
#include "evo/detail/owned.hpp"
#include "evo/detail/stream_publisher.hpp"
#include "evo/error.hpp"
#include "evo/options.hpp"

namespace evo {

namespace detail {
class WriterAttachment;
}

/// The reader that a full stream waits for.
struct SlowReader {
  std::uint64_t unread = 0;  ///< values that it has not taken
  std::uint32_t pid = 0;     ///< advice, like all pids
  std::string process_name;  ///< advice
};

class RawStreamWriter {
 public:
  /// Creates the segment, or takes it over from a dead writer. Fails like RawStateWriter::create.
  [[nodiscard]] static Result<RawStreamWriter> create(const ChannelDescription& channel,
                                                      WriterOptions options = {});

  /// A moved-from object may only be assigned to or destroyed.
  RawStreamWriter(RawStreamWriter&&) noexcept;
  RawStreamWriter& operator=(RawStreamWriter&&) noexcept;
  /// Closes the segment and removes its files; attached readers can still take the remaining
  /// values.
  ~RawStreamWriter();

  /// Adds `value`. A shorter one is padded with zero bytes; a longer one is OutOfRange. With
  /// `overflow: block`, while the ring is full: spins for 100 us, then sleeps for increasing
  /// intervals, until the timeout. WouldBlock: full, and no timeout was given. Timeout: full until
  /// then. A dead reader does not hold back the writer.
  WriteResult push(std::span<const std::byte> value,
                   std::chrono::nanoseconds timeout = std::chrono::nanoseconds(0)) noexcept;

  /// The attached reader with the most unread values; nullopt if no reader is attached.
  [[nodiscard]] std::optional<SlowReader> slowest_reader() const;

  /// Twice the number of the last push; always even.
  [[nodiscard]] std::uint64_t current_version() const noexcept {
    return detail::complete_version(publisher_.sequence());
  }

  /// Payload bytes of a value.
  [[nodiscard]] std::size_t size() const noexcept { return geometry_.payload_size; }

  /// Number of values kept.
  [[nodiscard]] std::size_t capacity() const noexcept { return geometry_.count - 1; }

  /// This writer's fencing token.
  [[nodiscard]] std::uint64_t incarnation() const noexcept;

  /// Which of the WriterOptions::memory requests were granted.
  [[nodiscard]] const MemoryReport& memory() const noexcept;

  /// For typed writers: the protocol without the bounds checks.
  [[nodiscard]] detail::StreamPublisher& publisher() noexcept { return publisher_; }

 private:
  explicit RawStreamWriter(detail::Owned<detail::WriterAttachment> attachment) noexcept;

  detail::MovedFromEmpty<detail::StreamPublisher> publisher_;
  SlotGeometry geometry_;
  detail::Owned<detail::WriterAttachment> attachment_;
};

}  // namespace evo
