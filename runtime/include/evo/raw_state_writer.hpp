// SPDX-License-Identifier: Apache-2.0
/// The untyped writer: spans of bytes, any schema or none.
///
/// Use a writer from one thread at a time. After `create` it never allocates or waits, and makes no
/// system call except to wake a sleeping reader.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "evo/channel.hpp"
#include "evo/detail/moved_from_empty.hpp"
#include "evo/detail/owned.hpp"
#include "evo/detail/state_publisher.hpp"
#include "evo/error.hpp"
#include "evo/options.hpp"

namespace evo {

namespace detail {
class WriterAttachment;
}

class RawStateWriter {
 public:
  /// Creates the segment that `channel` describes, or takes it over from a dead writer.
  ///
  /// SegmentBusy: a live writer holds it. AlreadyExists: a dead writer left it behind, and
  /// `on_orphan` is Refuse. Also InvalidName, InvalidSize, PermissionDenied, NoSpace,
  /// ResourceExhausted, Corrupt, FormatMismatch, Unsupported, Io. Takes a few hundred microseconds.
  [[nodiscard]] static Result<RawStateWriter> create(const ChannelDescription& channel,
                                                     WriterOptions options = {});

  /// Creates a segment of `size` payload bytes without a schema, owned by module `untyped`.
  [[nodiscard]] static Result<RawStateWriter> create(std::string_view name, std::size_t size,
                                                     WriterOptions options = {});

  /// A moved-from object may only be assigned to or destroyed.
  RawStateWriter(RawStateWriter&&) noexcept;
  RawStateWriter& operator=(RawStateWriter&&) noexcept;
  /// Closes the segment and removes its files; readers keep the last value.
  ~RawStateWriter();

  /// Publishes `value`. A shorter one is padded with zero bytes; a longer one is OutOfRange.
  /// Wait-free.
  WriteResult write(std::span<const std::byte> value) noexcept;

  /// Publishes the last value with the bytes from `offset` on replaced by `bytes`. OutOfRange:
  /// they do not fit. Wait-free.
  WriteResult write_at(std::size_t offset, std::span<const std::byte> bytes) noexcept;

  /// A full memory fence: everything published before it is visible to other cores
  /// before anything this thread does after it. Publishing needs no flush.
  void flush() noexcept;

  /// Twice the number of the last publish; always even.
  [[nodiscard]] std::uint64_t current_version() const noexcept {
    return detail::complete_version(publisher_.sequence());
  }

  /// Payload bytes.
  [[nodiscard]] std::size_t size() const noexcept { return geometry_.payload_size; }

  /// This writer's fencing token.
  [[nodiscard]] std::uint64_t incarnation() const noexcept;

  /// Which of the WriterOptions::memory requests were granted.
  [[nodiscard]] const MemoryReport& memory() const noexcept;

  /// For typed writers: the protocol without the bounds checks.
  [[nodiscard]] detail::StatePublisher& publisher() noexcept { return publisher_; }
  [[nodiscard]] const detail::StatePublisher& publisher() const noexcept { return publisher_; }

 private:
  explicit RawStateWriter(detail::Owned<detail::WriterAttachment> attachment) noexcept;

  detail::MovedFromEmpty<detail::StatePublisher> publisher_;
  SlotGeometry geometry_;
  detail::Owned<detail::WriterAttachment> attachment_;
};

}  // namespace evo
