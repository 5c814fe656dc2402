// SPDX-License-Identifier: Apache-2.0
#include "connection.hpp"

#include <time.h>

#include <algorithm>

#include "base/pause.hpp"
#include "evo/clock.hpp"
#include "system/kernel_time.hpp"

namespace evo {

std::string_view to_string(LinkError error) noexcept {
  switch (error) {
    case LinkError::WouldBlock:
      return "would block";
    case LinkError::Timeout:
      return "timeout";
    case LinkError::TooLong:
      return "message too long";
    case LinkError::Closed:
      return "connection closed";
    case LinkError::PeerDied:
      return "the other end died";
    case LinkError::Damaged:
      return "damaged ring";
  }
  return "unknown";
}

namespace links {

namespace {

/// About a microsecond, as long as the line stays in this core's cache. A reading of the clock
/// after each look would find a message later.
void look_for_a_while(MessageReceiver& receiver) noexcept {
  constexpr int kLooks = 256;
  for (int look = 0; look < kLooks && !receiver.has_frame(); ++look) {
  }
}

/// Intervals between two looks at a full ring.
class Backoff {
 public:
  void wait(std::uint64_t end_ns) noexcept {
    if (looks_ < kLooks) {
      ++looks_;
      detail::pause();
      return;
    }
    const std::uint64_t until = std::min(end_ns, monotonic_ns() + interval_ns_);
    interval_ns_ = std::min(2 * interval_ns_, kLongestNs);
    const timespec time = detail::kernel_time(until);
    // A signal ends it early, which does no harm.
    ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr);
  }

 private:
  static constexpr int kLooks = 100;  // about a microsecond
  static constexpr std::uint64_t kLongestNs = 1'000'000;

  int looks_ = 0;
  std::uint64_t interval_ns_ = 1'000;
};

}  // namespace

void Connection::start(const FrameSender& sender, const FrameReceiver& receiver,
                       std::uint64_t max_message) {
  sender_ = sender;
  max_message_ = max_message;
  receiver_ = MessageReceiver(receiver, max_message);
}

void Connection::end(LinkError why, bool final) noexcept {
  if (ended_) return;
  ended_ = why;
  // Before close(): from then on, the other end may use the rings for a new connection.
  if (final && sender_.size() != 0) taken_at_end_ = sender_.taken();
  // If the ring is full, the other end learns of it when it looks next.
  const bool said = sender_.size() != 0 && say_goodbye(sender_);
  close();
  if (said) notify();
}

bool Connection::check_peer(std::uint64_t now_ns) noexcept {
  if (now_ns < next_check_ns_ || ended_) return !ended_;
  next_check_ns_ = now_ns + kPeerCheckNs;
  const auto found = find_end();
  if (found) end(*found, is_final());
  return !ended_;
}

bool Connection::may_have_taken(std::uint64_t position) const noexcept {
  if (!ended_) return sender_.taken() >= position;
  return !taken_at_end_ || *taken_at_end_ >= position;
}

LinkResult<void> Connection::try_send(const LinkMessage& message) {
  if (ended_) return tl::unexpected(*ended_);
  const std::size_t size = message_size(message.payload.size(), sender_.longest());
  if (message.payload.size() > max_message_ || size + kFrameAlignment > sender_.size()) {
    return tl::unexpected(LinkError::TooLong);
  }
  if (!sender_.has_room_for(size)) {
    return tl::unexpected(check_peer(monotonic_ns()) ? LinkError::WouldBlock : *ended_);
  }
  Outgoing outgoing{.id = message.id, .type = message.type, .rest = message.payload};
  static_cast<void>(send_some(sender_, outgoing));
  notify();
  return {};
}

LinkResult<void> Connection::send(const LinkMessage& message, std::chrono::nanoseconds timeout) {
  if (ended_) return tl::unexpected(*ended_);
  if (message.payload.size() > max_message_) return tl::unexpected(LinkError::TooLong);
  Outgoing outgoing{.id = message.id, .type = message.type, .rest = message.payload};
  std::optional<std::uint64_t> end_ns;
  Backoff backoff;
  std::uint64_t before = sender_.sent();
  while (!send_some(sender_, outgoing)) {
    notify();
    if (sender_.sent() != before) backoff = Backoff();
    before = sender_.sent();
    const std::uint64_t now = monotonic_ns();
    if (!end_ns) end_ns = detail::end_of_wait(now, timeout);
    if (!check_peer(now)) return tl::unexpected(*ended_);
    if (now >= *end_ns) {
      // The other end could not tell the rest from the next message.
      if (outgoing.begun) end(LinkError::Closed, false);
      return tl::unexpected(LinkError::Timeout);
    }
    backoff.wait(*end_ns);
  }
  notify();
  return {};
}

LinkResult<LinkMessage> Connection::receive(std::chrono::nanoseconds timeout,
                                            const ReceiveOptions& options) {
  std::optional<std::uint64_t> end_ns;
  std::uint64_t spin_until = 0;
  while (true) {
    switch (receiver_.receive()) {
      case Progress::Message:
        return LinkMessage{receiver_.id(), receiver_.type(), receiver_.payload()};
      case Progress::Part:
        continue;
      case Progress::Goodbye:
        end(LinkError::Closed, true);
        return tl::unexpected(*ended_);
      case Progress::Damage:
        end(LinkError::Damaged, false);
        return tl::unexpected(*ended_);
      case Progress::Nothing:
        break;
    }
    if (ended_) return tl::unexpected(*ended_);
    const std::uint64_t now = monotonic_ns();
    if (!end_ns) {
      end_ns = detail::end_of_wait(now, timeout);
      spin_until = std::min(*end_ns, detail::end_of_wait(now, options.spin));
    }
    // Looks once more: what was sent before the end is there now.
    if (!check_peer(now)) continue;
    if (now >= *end_ns) return tl::unexpected(LinkError::Timeout);
    if (now < spin_until) {
      look_for_a_while(receiver_);
    } else {
      sleep(std::min(*end_ns, next_check_ns_));
    }
  }
}

}  // namespace links

}  // namespace evo
