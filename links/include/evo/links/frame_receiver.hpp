// SPDX-License-Identifier: Apache-2.0
/// The receiving side of a ring of frames; works on a read-only mapping of the ring.
///
/// It trusts nothing in the ring: the sender may be hostile, and may change any byte at any time.
/// So each word of a header is loaded once, and a payload is copied before it is checked.
///
/// I1: bytes count as taken when the position has passed them; it is stored after the last load
///     from the frame.
#pragma once

#include <cassert>

#include "evo/links/frame.hpp"

namespace evo::links {

/// What a receiver finds in its ring.
enum class Found : std::uint8_t {
  Nothing,
  Frame,
  Damage,  ///< no frame of this version: the ring cannot be used any more
};

class FrameReceiver {
 public:
  FrameReceiver() = default;
  /// Nothing was sent yet. The memory must outlive the receiver. The ring's size is a power of two,
  /// see is_ring_size().
  FrameReceiver(const std::byte* ring, std::size_t size, Position* taken,
                Checksum checksum) noexcept
      : ring_(ring), size_(size), taken_(taken), checked_(checksum == Checksum::Crc32c) {
    assert(is_ring_size(size));
  }

  /// Looks for the next frame. If there is one, info() describes it.
  [[nodiscard]] Found look() noexcept {
    // acquire [frame]: pairs with the sender's committing store.
    const std::uint64_t commit = word(0).load(std::memory_order_acquire);
    if (commit == 0) [[likely]] {
      prefetch_next();
      return Found::Nothing;
    }
    // relaxed, both: ordered by [frame].
    const std::uint64_t id = word(8).load(std::memory_order_relaxed);
    const std::uint64_t last = word(16).load(std::memory_order_relaxed);
    const auto kind = static_cast<std::uint32_t>(last >> 32);
    info_ = {.id = id,
             .length = static_cast<std::uint32_t>(commit >> 32),
             .type = static_cast<std::uint16_t>(kind),
             .flags = static_cast<std::uint8_t>(kind >> 24)};
    crc_ = static_cast<std::uint32_t>(last);
    const bool known = static_cast<std::uint32_t>(commit) == kFrameMagic &&
                       kind_word(info_) == kind && (info_.flags & ~unsigned{kKnownFlags}) == 0;
    return known && info_.length <= longest_payload(size_) ? Found::Frame : Found::Damage;
  }

  /// The frame that the last look found.
  [[nodiscard]] const FrameInfo& info() const noexcept { return info_; }

  /// Copies the payload of that frame to `payload`, which has room for `info().length` bytes. False
  /// if it does not match its checksum; what was copied is then worthless.
  [[nodiscard]] bool copy(void* payload) const noexcept {
    detail::copy_from_shared(payload, this->payload(), info_.length);
    return !checked_ || frame_checksum(info_, payload) == crc_;
  }

  /// That payload in place, until take(). The sender can change it at any time, so only a trusted
  /// sender's payload may be used like this.
  [[nodiscard]] const std::byte* payload() const noexcept { return frame() + kFrameHeaderSize; }

  /// Gives the frame's bytes back to the sender.
  void take() noexcept {
    const std::size_t size = frame_size(info_.length);
    next_ += size;
    lines_ = size / kFrameAlignment;
    // release [taken]: pairs with the sender's acquire load. Our loads from the frame come before
    // anything that the sender stores there.
    taken_->store(next_, std::memory_order_release);
  }

  /// The word that the next frame's sender stores last.
  [[nodiscard]] const detail::Word& next_commit() const noexcept { return word(0); }

  /// Bytes that have been taken since the beginning.
  [[nodiscard]] std::uint64_t taken() const noexcept { return next_; }

 private:
  /// Lines that are fetched while the frame is still to come; more cost more than they save.
  static constexpr std::size_t kMostLines = 4;

  /// If the next frame is as long as the last one, its lines come together.
  void prefetch_next() const noexcept {
    const std::size_t lines = lines_ < kMostLines ? lines_ : kMostLines;
    for (std::size_t i = 1; i < lines; ++i) __builtin_prefetch(frame() + i * kFrameAlignment);
  }

  [[nodiscard]] const std::byte* frame() const noexcept { return ring_ + (next_ & (size_ - 1)); }
  [[nodiscard]] const detail::Word& word(std::size_t offset) const noexcept {
    return *reinterpret_cast<const detail::Word*>(frame() + offset);
  }

  const std::byte* ring_ = nullptr;
  std::size_t size_ = 0;
  Position* taken_ = nullptr;
  bool checked_ = true;
  std::uint64_t next_ = 0;
  std::size_t lines_ = 1;  // of the last frame
  FrameInfo info_;
  std::uint32_t crc_ = 0;
};

}  // namespace evo::links
