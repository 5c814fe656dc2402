// SPDX-License-Identifier: Apache-2.0
#include "served_peer.hpp"

namespace evo::links {

ServedPeer::ServedPeer(ServerSide& side, Outbox& outbox, std::uint32_t index)
    : side_(&side),
      outbox_(&outbox),
      index_(index),
      pid_(side.pid_of(index)),
      sender_(side.sender(index)),
      receiver_(side.receiver(index), side.max_message()) {}

ServedPeer::~ServedPeer() {
  std::erase(outbox_->sent, this);
  std::erase(outbox_->waiting, this);
  const bool said = say_goodbye(sender_);
  side_->tell_end(index_);
  if (said) {
    order_before_wakes();
    wake_receiver(sender_, place().client().replies);
  }
  side_->release(index_);
}

void ServedPeer::send(const LinkMessage& message) {
  if (gone_ || has_ended()) return;  // there is no one to read it
  if (message.payload.size() > side_->max_message()) return close();
  Outgoing outgoing{.id = message.id, .type = message.type, .rest = message.payload};
  note_sent();
  if (backlog_.empty()) {
    if (send_some(sender_, outgoing)) return;
    outbox_->waiting.push_back(this);
  }
  Waiting& waiting = backlog_.emplace_back();
  waiting.payload.assign(outgoing.rest.begin(), outgoing.rest.end());
  waiting.outgoing = outgoing;
  waiting.outgoing.rest = waiting.payload;
}

LinkResult<void> ServedPeer::try_send(const LinkMessage& message) {
  const std::size_t size = message_size(message.payload.size(), sender_.longest());
  if (message.payload.size() > side_->max_message() || size + kFrameAlignment > sender_.size()) {
    return tl::unexpected(LinkError::TooLong);
  }
  if (!backlog_.empty() || !sender_.has_room_for(size))
    return tl::unexpected(LinkError::WouldBlock);
  send(message);
  return {};
}

void ServedPeer::close() noexcept {
  closes_ = true;
  outbox_->someone_ended = true;
}

void ServedPeer::note_sent() {
  if (!std::exchange(sent_, true)) outbox_->sent.push_back(this);
}

bool ServedPeer::send_backlog() {
  while (!backlog_.empty()) {
    const std::uint64_t before = sender_.sent();
    const bool done = send_some(sender_, backlog_.front().outgoing);
    if (sender_.sent() != before) note_sent();
    if (!done) return false;
    backlog_.pop_front();
  }
  return true;
}

void ServedPeer::wake() noexcept {
  sent_ = false;
  wake_receiver(sender_, place().client().replies);
}

std::size_t ServedPeer::visit(LinkHandler& handler, std::size_t most) {
  std::size_t taken = 0;
  // A client that does not read its replies stops only itself.
  while (taken < most && !has_ended() && backlog_.empty()) {
    switch (receiver_.receive()) {
      case Progress::Message:
        handler.received(*this, {receiver_.id(), receiver_.type(), receiver_.payload()});
        ++taken;
        break;
      case Progress::Part:
        ++taken;
        break;
      case Progress::Goodbye:
        end_with(LinkError::Closed);
        break;
      case Progress::Damage:
        end_with(LinkError::Damaged);
        break;
      case Progress::Nothing:
        if (gone_) end_with(*gone_);
        return taken;
    }
  }
  return taken;
}

void ServedPeer::end_with(LinkError why) noexcept {
  ended_ = why;
  outbox_->someone_ended = true;
}

void ServedPeer::check(bool asks_kernel) noexcept {
  if (has_ended() || gone_) return;
  gone_ = side_->find_end(index_, asks_kernel);
  if (!gone_) return;
  // It reads no more replies.
  backlog_.clear();
  std::erase(outbox_->waiting, this);
}

}  // namespace evo::links
