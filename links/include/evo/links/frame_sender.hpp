// SPDX-License-Identifier: Apache-2.0
/// The sending side of a ring of frames. It works on memory alone, not on files.
///
/// Only the sender stores to the ring, and only the receiver to the position that it has taken. The
/// ring is mapped twice in a row, so that a frame never wraps.
///
/// I1: the commit word behind the last frame is zero before that frame is committed. The receiver
///     never finds an old payload there, which might look like a frame.
/// I2: nothing is stored to bytes that the receiver has not taken. The zero word is in a line of
///     its own, which counts as used.
#pragma once

#include <cassert>

#include "evo/links/frame.hpp"

namespace evo::links {

class FrameSender {
 public:
  FrameSender() = default;
  /// The ring is all zeros, and nothing was taken yet. The memory must outlive the sender. The
  /// ring's size is a power of two, see is_ring_size().
  FrameSender(std::byte* ring, std::size_t size, const Position* taken, Checksum checksum) noexcept
      : ring_(ring), size_(size), taken_(taken), checked_(checksum == Checksum::Crc32c) {
    assert(is_ring_size(size));
  }

  [[nodiscard]] std::size_t longest() const noexcept { return longest_payload(size_); }

  /// Sends one frame of `info.length` bytes, at most longest(). False if there is no room for it
  /// now. Wait-free.
  [[nodiscard]] bool try_send(const FrameInfo& info, const void* payload) noexcept {
    assert(info.length <= longest());
    const std::size_t size = frame_size(info.length);
    if (!has_room_for(size)) return false;
    std::byte* const frame = at(sent_);
    // The first line last, in one go: the receiver polls it. If other stores came in between, it
    // would fetch that line back before the commit.
    // relaxed, all three: [frame] orders them.
    word(at(sent_ + size)).store(0, std::memory_order_relaxed);  // I1
    if (info.length > kInFirstLine) {
      detail::copy_to_shared(frame + kFrameAlignment,
                             static_cast<const std::byte*>(payload) + kInFirstLine,
                             info.length - kInFirstLine);
    }
    const std::uint64_t crc = checked_ ? frame_checksum(info, payload) : 0;
    detail::copy_to_shared(frame + kFrameHeaderSize, payload,
                           info.length < kInFirstLine ? info.length : kInFirstLine);
    word(frame + 8).store(info.id, std::memory_order_relaxed);
    word(frame + 16).store(std::uint64_t{kind_word(info)} << 32 | crc, std::memory_order_relaxed);
    // release [frame]: pairs with the receiver's acquire load. A receiver that sees the frame sees
    // all of it, and the zero word behind it.
    word(frame).store(commit_word(info), std::memory_order_release);
    sent_ += size;
    return true;
  }

  /// Bytes of the ring.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  /// The commit word of the frame at this position.
  [[nodiscard]] const detail::Word& commit_at(std::uint64_t position) const noexcept {
    return word(at(position));
  }

  /// Bytes that the receiver has taken since the beginning, as it says.
  [[nodiscard]] std::uint64_t taken() const noexcept {
    return taken_->load(std::memory_order_relaxed);  // relaxed: only compared
  }

  /// Bytes that have been sent since the beginning.
  [[nodiscard]] std::uint64_t sent() const noexcept { return sent_; }

  /// Whether frames of so many bytes in all fit into the ring now.
  [[nodiscard]] bool has_room_for(std::size_t size) noexcept {
    if (fits(size)) [[likely]]
      return true;
    // acquire [taken]: pairs with the receiver's release store. It has loaded everything before
    // this position, so what is stored there now is not part of an old frame.
    seen_taken_ = taken_->load(std::memory_order_acquire);
    return fits(size);
  }

 private:
  /// Bytes of payload that share a line with the header.
  static constexpr std::size_t kInFirstLine = kFrameAlignment - kFrameHeaderSize;

  /// A position outside the last `size_` bytes that were sent counts as a full ring. A wrong one
  /// within them harms only the receiver.
  [[nodiscard]] bool fits(std::size_t size) const noexcept {
    const std::uint64_t used = sent_ - seen_taken_;
    return used <= size_ && size_ - used >= size + kFrameAlignment;  // I2
  }

  [[nodiscard]] std::byte* at(std::uint64_t position) const noexcept {
    return ring_ + (position & (size_ - 1));
  }
  static detail::Word& word(std::byte* address) noexcept {
    return *reinterpret_cast<detail::Word*>(address);
  }

  std::byte* ring_ = nullptr;
  std::size_t size_ = 0;
  const Position* taken_ = nullptr;
  bool checked_ = true;
  std::uint64_t sent_ = 0;
  std::uint64_t seen_taken_ = 0;
};

}  // namespace evo::links
