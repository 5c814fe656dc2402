/// Looks at a segment's values from outside, without attaching.
///
/// A passive reader takes no entry of the reader table, no lock and no place in a stream, and
/// stores nothing: files are opened and mapped read-only. So its writer and its readers cannot
/// tell that it is there, it works where every entry is taken, on the segment of a dead writer,
/// and with no more than the right to read the files. What it cannot do: sleep until a value
/// comes, or hold a `block` stream's writer back, so it may miss values.
///
/// An object belongs to one thread at a time. For tools and recorders.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "evo/detail/state_observer.hpp"
#include "evo/domain.hpp"
#include "evo/error.hpp"
#include "evo/sample.hpp"
#include "evo/segment_header.hpp"

namespace evo {

class PassiveReader {
 public:
  /// NotFound, NotReady: not there, or not yet. Also InvalidName, PermissionDenied, Corrupt,
  /// FormatMismatch, ResourceExhausted. A schema that cannot be used is no error here.
  [[nodiscard]] static Result<PassiveReader> open(const Domain& domain, std::string_view name);

  PassiveReader(PassiveReader&&) noexcept;
  PassiveReader& operator=(PassiveReader&&) noexcept;
  ~PassiveReader();

  /// Copies the last value out, of a stream the newest one; as much of it as `value` has room
  /// for. `stamp_ns` of the result is zero if the segment carries no stamps. On an error `value`
  /// is unspecified; after ChecksumMismatch it holds the damaged bytes.
  [[nodiscard]] tl::expected<SampleInfo, ReadError> read(std::span<std::byte> value) noexcept;

  /// The same for the publish with this number, where it is still in its slot. NeverWritten: it
  /// is not there any more, or not yet.
  [[nodiscard]] tl::expected<SampleInfo, ReadError> read_at(std::uint64_t sequence,
                                                            std::span<std::byte> value) noexcept;

  /// Number of the last publish; 0 before the first.
  [[nodiscard]] std::uint64_t sequence() const noexcept { return observer_.version() / 2; }

  /// The version as it stands in a slot: odd while it is being filled, all ones if it never was.
  [[nodiscard]] std::uint64_t slot_version(std::uint32_t index) const noexcept;

  /// Copies that the writer overtook and that were made again, over all reads so far.
  [[nodiscard]] std::uint64_t retries() const noexcept { return observer_.retried(); }

  /// Whether the segment was made anew since, so that nothing will come any more: open again.
  [[nodiscard]] bool detached() const noexcept { return observer_.detached(); }

  /// What the segment says about itself, checked at `open`.
  [[nodiscard]] const SegmentLayout& layout() const noexcept;

  /// Payload bytes.
  [[nodiscard]] std::size_t size() const noexcept { return observer_.geometry().payload_size; }

  /// The binary schema embedded in the segment, as it stands there: not verified, perhaps empty.
  [[nodiscard]] std::span<const std::uint8_t> bfbs() const noexcept;

  /// The earlier layouts that the segment says it is compatible with, as they stand there.
  [[nodiscard]] std::span<const CompatibleEntry> compatible() const noexcept;

 private:
  struct Files;
  explicit PassiveReader(std::unique_ptr<Files> files) noexcept;

  [[nodiscard]] detail::ReaderSlot slot_of(std::uint32_t index) const noexcept;

  std::unique_ptr<Files> files_;
  detail::StateObserver observer_;
};

}  // namespace evo
