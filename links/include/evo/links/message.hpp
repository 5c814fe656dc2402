// SPDX-License-Identifier: Apache-2.0
/// Messages of any size, in one frame or in parts.
///
/// A large message travels in parts, so that the receiver copies one part while the sender copies
/// the next, and so that it may be larger than the ring. The parts follow each other directly, and
/// have the same id and type. Only the last part may be empty.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "evo/links/frame_receiver.hpp"
#include "evo/links/frame_sender.hpp"

namespace evo::links {

/// Most bytes in a part: with the header, a whole number of pages.
inline constexpr std::size_t kPartSize = std::size_t{16} * 1024 - kFrameHeaderSize;

/// Bytes of ring that a message of this length takes, in parts of at most `longest` bytes.
constexpr std::size_t message_size(std::size_t length, std::size_t longest) {
  const std::size_t most = std::min(longest, kPartSize);
  const std::size_t parts = length == 0 ? 1 : (length + most - 1) / most;
  return (parts - 1) * frame_size(most) + frame_size(length - (parts - 1) * most);
}

/// A message that is being sent.
struct Outgoing {
  std::uint64_t id = 0;
  std::uint16_t type = 0;
  std::span<const std::byte> rest = {};  ///< what has not been sent yet
  bool begun = false;

  /// Whether all of it has been sent.
  [[nodiscard]] bool done() const noexcept { return begun && rest.empty(); }
};

/// Sends as much of the message as there is room for. Returns whether it is done. Between the parts
/// of one message, the sender must not send anything else.
inline bool send_some(FrameSender& sender, Outgoing& message) noexcept {
  const std::size_t most = std::min(sender.longest(), kPartSize);
  while (!message.done()) {
    const std::size_t length = std::min(message.rest.size(), most);
    const bool last = length == message.rest.size();
    const FrameInfo info{.id = message.id,
                         .length = static_cast<std::uint32_t>(length),
                         .type = message.type,
                         .flags = last ? std::uint8_t{0} : kMoreFollows};
    if (!sender.try_send(info, message.rest.data())) return false;
    message.rest = message.rest.subspan(length);
    message.begun = true;
  }
  return true;
}

/// Sends the last frame of a connection; false if there is no room for it now.
inline bool say_goodbye(FrameSender& sender) noexcept {
  return sender.try_send({.flags = kGoodbye}, nullptr);
}

/// What a receiver of messages has done.
enum class Progress : std::uint8_t {
  Nothing,  ///< there was no frame
  Part,     ///< took a part; the message is not complete
  Message,  ///< took the last part
  Goodbye,  ///< the sender has closed the connection
  Damage,   ///< the ring cannot be used any more
};

/// Puts messages together. It keeps one message, which is replaced by the next.
class MessageReceiver {
 public:
  MessageReceiver() = default;
  /// Messages of more than `most` bytes are damage.
  MessageReceiver(FrameReceiver frames, std::size_t most) noexcept : frames_(frames), most_(most) {}

  /// Takes one frame, so a sender that sends parts for ever holds nothing up. Allocates memory when
  /// a message is longer than all before it; see reserve().
  [[nodiscard]] Progress receive() {
    const Found found = damaged_ ? Found::Damage : frames_.look();
    if (found == Found::Nothing) return Progress::Nothing;
    const bool last = found == Found::Frame && (frames_.info().flags & kGoodbye) != 0;
    damaged_ = found == Found::Damage || !(last ? is_goodbye() : append());
    if (damaged_) return Progress::Damage;
    if (last) return Progress::Goodbye;
    return more_ ? Progress::Part : Progress::Message;
  }

  [[nodiscard]] const FrameReceiver& frames() const noexcept { return frames_; }

  /// Whether receive() would find something.
  [[nodiscard]] bool has_frame() noexcept { return damaged_ || frames_.look() != Found::Nothing; }

  /// Makes room for messages of this length.
  void reserve(std::size_t bytes) { payload_.reserve(bytes); }

  // The message that receive() has completed, until the next call.
  [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
  [[nodiscard]] std::uint16_t type() const noexcept { return type_; }
  [[nodiscard]] std::span<const std::byte> payload() const noexcept { return payload_; }

 private:
  [[nodiscard]] bool is_goodbye() const noexcept {
    return frames_.info().length == 0 && frames_.copy(nullptr);
  }

  /// Copies the present frame behind the parts that came before it.
  bool append() {
    const FrameInfo& info = frames_.info();
    if (!more_) {
      payload_.clear();
      id_ = info.id;
      type_ = info.type;
    } else if (info.id != id_ || info.type != type_) {
      return false;
    }
    const std::size_t before = payload_.size();
    if (info.length > most_ - before) return false;
    more_ = (info.flags & kMoreFollows) != 0;
    if (more_ && info.length == 0) return false;  // a sender could go on for ever
    payload_.resize(before + info.length);
    if (!frames_.copy(payload_.data() + before)) return false;
    frames_.take();
    return true;
  }

  FrameReceiver frames_;
  std::size_t most_ = 0;
  std::vector<std::byte> payload_;
  std::uint64_t id_ = 0;
  std::uint16_t type_ = 0;
  bool more_ = false;  ///< the next frame continues the message
  bool damaged_ = false;
};

}  // namespace evo::links
