// SPDX-License-Identifier: Apache-2.0
/// The typed reader of a `kind: state` segment. Generated readers derive from it.
///
/// Use a reader from one thread at a time. Reading takes no lock, makes no system call and stores
/// nothing to shared memory, except the reader's own counters while a deadline watch is on.
#pragma once

#include <array>
#include <cstring>
#include <type_traits>
#include <utility>

#include "evo/channel.hpp"
#include "evo/detail/bools.hpp"
#include "evo/detail/chrono.hpp"
#include "evo/field_name.hpp"
#include "evo/format/crc32c.hpp"
#include "evo/raw_state_reader.hpp"
#include "evo/sample.hpp"

namespace evo {

class WaitSet;

template <class Channel>
class StateReader {
 public:
  using Value = typename Channel::Value;
  using Info =
      std::conditional_t<Channel::stamp == Stamp::Monotonic, SampleInfo, UnstampedSampleInfo>;
  static_assert(Channel::kind == Kind::State);
  static_assert(std::is_trivially_copyable_v<Value> && sizeof(Value) == Channel::size);

  /// Copies the last value out. NeverWritten: no publish yet. Contended: the writer overtook the
  /// first attempt and `ReaderOptions::retries` retries. ChecksumMismatch: the value is damaged.
  /// Detached: the segment was recreated; reattach.
  [[nodiscard]] ReadResult<Sample<Value>> read() noexcept {
    // Every return names `sample`, so that it is constructed in the caller's storage. A copy would
    // load with wide instructions what was just stored word by word, and stall on those stores.
    ReadResult<Sample<Value>> sample(tl::in_place, detail::WithoutValue<Sample<Value>>());
    const auto n = copy_latest(sample->value, sample->stamp_ns);
    if (n) [[likely]] {
      sample->sequence = *n;
    } else {
      sample = tl::unexpected(n.error());
    }
    return sample;
  }

  /// The same without the second copy of a large value. On an error `value` is unspecified. Always
  /// inlined: a small result that is returned in registers is assembled in memory first, which
  /// takes as long as the read itself.
  [[nodiscard, gnu::always_inline]] ReadResult<Info> read_into(Value& value) noexcept {
    std::uint64_t stamp_ns = 0;
    const auto n = copy_latest(value, stamp_ns);
    if (!n) [[unlikely]]
      return tl::unexpected(n.error());
    if constexpr (Channel::stamp == Stamp::Monotonic) {
      return Info{.sequence = *n, .stamp_ns = stamp_ns, .max_age = Channel::max_age};
    } else {
      return Info{.sequence = *n};
    }
  }

  /// Whether a value was published since the last successful read; one load.
  [[nodiscard]] bool has_changed() const noexcept { return reader_.has_changed(); }

  /// Twice the number of the last publish; one load.
  [[nodiscard]] std::uint64_t version() const noexcept { return reader_.version(); }

  /// Blocks until a value was published since the last successful read (returns true immediately if
  /// one already was), the writer closed or a cleaner found it dead, the segment was recreated, or
  /// the timeout passed. Returns `has_changed()`. A close, death or recreation that ended one wait
  /// does not end the next.
  bool wait_for_change(std::chrono::nanoseconds timeout) noexcept {
    return reader_.wait_for_change(timeout);
  }

  /// The same without sleeping, for a reader with a core of its own: see
  /// RawStateReader::poll_for_change.
  bool poll_for_change(std::chrono::nanoseconds timeout) noexcept {
    return reader_.poll_for_change(timeout);
  }

  /// Whether the writer is alive; two system calls.
  [[nodiscard]] WriterState writer_state() const noexcept { return reader_.writer_state(); }

  /// Attaches again after ReadError::Detached, or after the segment was closed and created again;
  /// waits up to `wait` for the segment. On an error nothing changes.
  [[nodiscard]] Result<void> reattach(std::chrono::nanoseconds wait = std::chrono::nanoseconds(0)) {
    auto attached = reader_.reattach(wait);
    if (attached) size_ = reader_.size() < sizeof(Value) ? reader_.size() : sizeof(Value);
    return attached;
  }

  /// Whether the segment has this top-level field. The segment of an older writer may lack the
  /// newest fields, which then read as zero. `reader.has("torque")`; an unknown name does not
  /// compile.
  [[nodiscard]] bool has(FieldName<Channel> field) const noexcept {
    return field.index < reader_.field_count();
  }

  /// Number of copies repeated because the writer overtook them, over all reads so far.
  [[nodiscard]] std::uint64_t retries() const noexcept { return reader_.retries(); }

  /// Which of the ReaderOptions::memory requests were granted.
  [[nodiscard]] const MemoryReport& memory() const noexcept { return reader_.memory(); }

 protected:
  explicit StateReader(RawStateReader reader) noexcept
      : reader_(std::move(reader)),
        size_(reader_.size() < sizeof(Value) ? reader_.size() : sizeof(Value)) {}

  template <class Reader>
  static Result<Reader> attach_as(ReaderOptions options) {
    auto reader = RawStateReader::attach(describe<Channel>(), std::move(options));
    if (!reader) return tl::unexpected(std::move(reader.error()));
    return Reader(std::move(*reader));
  }

  /// Returns one field, never torn. Copies only that field; the checksum covers the rest in place,
  /// so that the stack needs no room for the whole value.
  template <class Field, std::size_t kOffset>
  [[nodiscard]] ReadResult<Field> field() const noexcept {
    static_assert(kOffset + sizeof(Field) <= sizeof(Value));
    Field value{};
    [[maybe_unused]] std::uint32_t stored_crc = 0;
    [[maybe_unused]] std::uint32_t found_crc = 0;
    const auto n = reader_.observer().read([&](const detail::ReaderSlot& slot) {
      if constexpr (Channel::checksum == Checksum::Crc32c) {
        stored_crc = slot.checksum();
        found_crc = crc32c_of_shared(slot.payload(), reader_.size());
      }
      if (kOffset + sizeof(Field) > size_) return;  // the older writer's segment lacks it
      detail::copy_range_from_shared(&value, slot.payload(), kOffset, sizeof(Field));
    });
    if (!n) [[unlikely]]
      return tl::unexpected(n.error());
    if (found_crc != stored_crc) [[unlikely]]
      return tl::unexpected(ReadError::ChecksumMismatch);
    detail::settle_bools(value);
    return value;
  }

 private:
  friend class WaitSet;

  [[gnu::always_inline]] detail::ReadOutcome copy_latest(Value& value,
                                                         std::uint64_t& stamp_ns) noexcept {
    const auto n = copy_checked(value, stamp_ns);
    if (n) [[likely]] {
      reader_.mark_seen(*n);
      detail::settle_bools(value);
    }
    return n;
  }

  [[gnu::always_inline]] detail::ReadOutcome copy_checked(Value& value,
                                                          std::uint64_t& stamp_ns) const noexcept {
    std::uint32_t stored_crc = 0;
    std::uint32_t found_crc = 0;
    const auto n = reader_.observer().read([&](const detail::ReaderSlot& slot) {
      if (size_ == sizeof(Value)) [[likely]] {
        // The size is a constant, so the compiler unrolls the copy.
        detail::copy_from_shared<sizeof(Value)>(&value, slot.payload());
      } else {
        detail::copy_from_shared(&value, slot.payload(), size_);
      }
      if constexpr (Channel::stamp == Stamp::Monotonic) stamp_ns = slot.stamp_ns();
      if constexpr (Channel::checksum == Checksum::Crc32c) {
        stored_crc = slot.checksum();
        if (reader_.size() != Channel::size) {  // covers the segment's payload, not ours
          found_crc = crc32c_of_shared(slot.payload(), reader_.size());
        }
      }
    });
    if (!n) [[unlikely]]
      return n;
    if constexpr (Channel::checksum == Checksum::Crc32c) {
      if (reader_.size() == Channel::size) {
        found_crc = crc32c(&value, sizeof(Value));
      }
      if (found_crc != stored_crc) return ReadError::ChecksumMismatch;
    }
    if (size_ != sizeof(Value)) [[unlikely]] {
      std::memset(reinterpret_cast<std::byte*>(&value) + size_, 0, sizeof(Value) - size_);
    }
    return n;
  }

  RawStateReader reader_;
  std::size_t size_;  // payload bytes common to the segment's layout and the reader's
};

}  // namespace evo
