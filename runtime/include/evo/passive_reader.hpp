// SPDX-License-Identifier: Apache-2.0
/// Reads a segment's values from outside, without attaching.
///
/// A passive reader takes no entry of the reader table, no lock and no place in a stream, and
/// stores nothing: files are opened and mapped read-only. So the segment's writer and readers
/// cannot detect it. It works when every entry is taken, on the segment of a dead writer, and with
/// no more than the right to read the files. It cannot sleep until a value comes, or hold back a
/// `block` stream's writer, so it may miss values.
///
/// Use an object from one thread at a time. For tools and recorders.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "evo/detail/state_observer.hpp"
#include "evo/domain.hpp"
#include "evo/error.hpp"
#include "evo/format/segment_header.hpp"
#include "evo/sample.hpp"

namespace evo {

class PassiveReader {
 public:
  /// NotFound: no such segment. NotReady: its writer is still creating it. Also InvalidName,
  /// PermissionDenied, Corrupt, FormatMismatch, ResourceExhausted. A schema that cannot be used is
  /// not an error here.
  [[nodiscard]] static Result<PassiveReader> open(const Domain& domain, std::string_view name);

  PassiveReader(PassiveReader&&) noexcept;
  PassiveReader& operator=(PassiveReader&&) noexcept;
  ~PassiveReader();

  /// Copies the last value out (for a stream, the newest), as much of it as `value` has room for.
  /// `stamp_ns` of the result is zero if the segment carries no stamps. On an error `value` is
  /// unspecified; after ChecksumMismatch it holds the damaged bytes.
  [[nodiscard]] ReadResult<SampleInfo> read(std::span<std::byte> value) noexcept;

  /// The same for the publish with this number, if it is still in its slot. NeverWritten: it is no
  /// longer there, or not yet.
  [[nodiscard]] ReadResult<SampleInfo> read_at(std::uint64_t sequence,
                                               std::span<std::byte> value) noexcept;

  /// Number of the last publish; 0 before the first.
  [[nodiscard]] std::uint64_t sequence() const noexcept { return observer_.version() / 2; }

  /// The version in a slot: odd while it is being filled, all ones if it never was.
  [[nodiscard]] std::uint64_t slot_version(std::uint32_t index) const noexcept;

  /// Number of copies repeated because the writer overtook them, over all reads so far.
  [[nodiscard]] std::uint64_t retries() const noexcept { return observer_.retried(); }

  /// Whether the segment has been recreated since, so that no more values will come: open it again.
  [[nodiscard]] bool is_detached() const noexcept { return observer_.is_detached(); }
  [[nodiscard, deprecated("use is_detached()")]] bool detached() const noexcept {
    return is_detached();
  }

  /// The segment's description of itself, checked at `open`.
  [[nodiscard]] const SegmentLayout& layout() const noexcept;

  /// Payload bytes.
  [[nodiscard]] std::size_t size() const noexcept { return observer_.geometry().payload_size; }

  /// The binary schema embedded in the segment, as stored: not verified, perhaps empty.
  [[nodiscard]] std::span<const std::uint8_t> bfbs() const noexcept;

  /// The earlier layouts that the segment says it is compatible with, as stored.
  [[nodiscard]] std::span<const CompatibleEntry> compatible() const noexcept;

 private:
  struct Files;
  explicit PassiveReader(std::unique_ptr<Files> files) noexcept;

  [[nodiscard]] detail::ReaderSlot slot_of(std::uint32_t index) const noexcept;

  std::unique_ptr<Files> files_;
  detail::StateObserver observer_;
};

}  // namespace evo
