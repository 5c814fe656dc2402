// SPDX-License-Identifier: Apache-2.0
#include "client_connection.hpp"

#include <algorithm>
#include <thread>

#include "attachment/data_file.hpp"
#include "evo/clock.hpp"
#include "evo/format.hpp"
#include "link_channel.hpp"
#include "system/file.hpp"
#include "system/kernel_lock.hpp"

namespace evo::links {

namespace {

/// How long a client waits at least for a server that is alive.
constexpr std::chrono::milliseconds kShortestWait{100};

/// How often a client tries again that waits for the successor of a dead server.
constexpr std::chrono::milliseconds kShortestRetry{1};
constexpr std::chrono::milliseconds kLongestRetry{16};

/// A server that answers within this time costs the client no sleep.
constexpr std::chrono::microseconds kAnswerSpin{20};

/// For a client that does not execute fences.
SendOrder order_without_fences(const ControlFile& control) {
  // relaxed: written before the segment could be attached.
  const std::uint32_t server = control.wake_protocol.load(std::memory_order_relaxed);
  const bool barriers = static_cast<WakeProtocol>(server) == WakeProtocol::Membarrier &&
                        detail::register_writer_for_wakes() == WakeProtocol::Membarrier;
  return barriers ? SendOrder::ServerBarrier : SendOrder::Fence;
}

}  // namespace

Result<std::unique_ptr<ClientConnection>> ClientConnection::make(const LinkDescription& link,
                                                                 const ConnectOptions& options) {
  const auto channel = channel_of(link);
  if (!channel) return tl::unexpected(channel.error());
  const std::uint64_t begin = monotonic_ns();
  std::chrono::nanoseconds interval = kShortestRetry;
  while (true) {
    auto connection = attempt(*channel, options, begin);
    // The link of a dead server stays until its successor recreates it.
    const bool may_come = !connection && connection.error().code == ErrorCode::NotReady;
    if (!may_come || monotonic_ns() + static_cast<std::uint64_t>(interval.count()) >=
                         detail::end_of_wait(begin, options.wait)) {
      return connection;
    }
    std::this_thread::sleep_for(interval);
    interval = std::min<std::chrono::nanoseconds>(2 * interval, kLongestRetry);
  }
}

Result<std::unique_ptr<ClientConnection>> ClientConnection::attempt(
    const ChannelDescription& channel, const ConnectOptions& options, std::uint64_t begin_ns) {
  const auto passed = std::chrono::nanoseconds(monotonic_ns() - begin_ns);
  const auto left = std::max(options.wait - passed, std::chrono::nanoseconds(0));
  auto attachment = detail::ReaderAttachment::await(
      {channel.name, &channel, Kind::Link},
      {.domain = options.domain, .wait = left, .memory = options.memory});
  if (!attachment) return tl::unexpected(attachment.error());
  auto connection = std::make_unique<ClientConnection>(std::move(*attachment));
  if (auto mapped = connection->map_parts(); !mapped) return tl::unexpected(mapped.error());
  const std::uint64_t until = detail::end_of_wait(
      begin_ns, std::max<std::chrono::nanoseconds>(options.wait, kShortestWait));
  if (auto opened = connection->open(until, options.one_way); !opened) {
    return tl::unexpected(opened.error());
  }
  if (auto started = connection->start(); !started) return tl::unexpected(started.error());
  return connection;
}

ClientConnection::ClientConnection(std::unique_ptr<detail::ReaderAttachment> attachment)
    : Connection(attachment->entry_index), attachment_(std::move(attachment)) {}

ClientConnection::~ClientConnection() {
  if (attachment_->control.fd.in_forked_child()) return;
  end(LinkError::Closed, false);
}

const LinkBoard& ClientConnection::board() const noexcept {
  return *reinterpret_cast<const LinkBoard*>(attachment_->data.data() +
                                             board_offset(attachment_->layout));
}

Result<void> ClientConnection::map_parts() {
  const SegmentLayout& layout = attachment_->layout;
  // The control file may already be that of a successor with more connections.
  if (index() >= layout.geometry.count) {
    return make_error(ErrorCode::NotReady, "link '{}' is being recreated; try again",
                      attachment_->name);
  }
  const int fd = attachment_->data_fd.get();
  const std::uint64_t offset = connection_offset(layout, index());
  // A connection that is not warm has no memory yet.
  auto allocated =
      detail::allocate_range(fd, offset, layout.geometry.stride, attachment_->domain.path());
  if (!allocated) return allocated;
  const auto map = [&](MirroredMapping& mapping, std::uint64_t at, std::uint64_t ring,
                       detail::Protection protection) -> Result<void> {
    auto mapped = MirroredMapping::map(fd, at, kPageSize, ring, protection);
    if (!mapped) return tl::unexpected(mapped.error());
    mapping = std::move(*mapped);
    return {};
  };
  const std::uint64_t ring = layout.geometry.payload_size;
  auto mapped = map(bells_, bells_offset(layout), 0, detail::Protection::ReadWrite);
  if (mapped) mapped = map(mine_, offset, ring, detail::Protection::ReadWrite);
  if (mapped) mapped = map(theirs_, offset + part_size(layout), ring, detail::Protection::Read);
  return mapped;
}

Result<void> ClientConnection::open(std::uint64_t until_ns, bool one_way) {
  const SendOrder order =
      one_way ? order_without_fences(*attachment_->control.operator->()) : SendOrder::Fence;
  // relaxed, all: published by the store of `opened`. The client before is gone.
  own().replies.taken.store(0, std::memory_order_relaxed);
  own().replies.asleep.store(0, std::memory_order_relaxed);
  own().send_order.store(order, std::memory_order_relaxed);
  bell_ =
      Doorbell(reinterpret_cast<Bells*>(bells_.head()), &board().sleep, &server().watch, index(),
               order == SendOrder::Fence ? WakeProtocol::Fence : WakeProtocol::Membarrier);
  // relaxed: only the holder of this entry's lock stores it.
  number_ = own().opened.load(std::memory_order_relaxed) + 1;
  // release [connect]: pairs with the server's acquire load, after which the connection of the
  // client before counts as closed.
  own().opened.store(number_, std::memory_order_release);
  bell_.ring();
  const std::uint64_t spin_until = detail::end_of_wait(monotonic_ns(), kAnswerSpin);
  while (true) {
    // acquire [connect]: pairs with the server's release store. The rings are empty.
    const std::uint64_t ready = server().ready.load(std::memory_order_acquire);
    const std::uint64_t now = monotonic_ns();
    if (ready != number_ && now < spin_until) continue;
    const detail::ReaderAttachment& at = *attachment_;
    if (find_end()) {
      return make_error(ErrorCode::NotReady,
                        "the server of link '{}', {}, has ended; start it again", at.name,
                        detail::describe_writer(at.control));
    }
    if (ready == number_) return {};
    if (now >= until_ns) {
      return make_error(ErrorCode::NotReady,
                        "the server of link '{}', {}, is alive, but does not serve; find out what "
                        "holds it up, or wait longer (ConnectOptions::wait)",
                        at.name, detail::describe_writer(at.control));
    }
    detail::wait({.waiters = {},
                  .own_word = &server().ready,
                  .own_value = ready,
                  .until_ns = std::min(until_ns, now + kPeerCheckNs),
                  .spin = std::chrono::nanoseconds(0)});
  }
}

Result<void> ClientConnection::start() {
  const SegmentLayout& layout = attachment_->layout;
  // The server has given the memory of the client before back.
  auto allocated =
      detail::allocate_range(attachment_->data_fd.get(), connection_offset(layout, index()),
                             layout.geometry.stride, attachment_->domain.path());
  if (!allocated) return allocated;
  mine_.load_pages(detail::Protection::ReadWrite);
  theirs_.load_pages(detail::Protection::Read);
  const auto checksum = layout.geometry.checksummed ? Checksum::Crc32c : Checksum::None;
  const std::uint64_t ring = layout.geometry.payload_size;
  // relaxed: stored before the server was ready.
  const std::uint64_t most = std::clamp<std::uint64_t>(
      board().max_message.load(std::memory_order_relaxed), 1, kLongestMessage);
  Connection::start({mine_.ring(), ring, &server().requests.taken, checksum},
                    {theirs_.ring(), ring, &own().replies.taken, checksum}, most);
  return {};
}

void ClientConnection::notify() noexcept {
  if (bell_.sent()) wake_receiver_at(sender(), server().requests);
}

void ClientConnection::sleep(std::uint64_t until_ns) noexcept {
  sleep_until_frame(frames(), own().replies, until_ns);
}

std::optional<LinkError> ClientConnection::find_end() noexcept {
  // acquire [end]: pairs with the server's release store; what it sent before is visible.
  if (server().ended.load(std::memory_order_acquire) == number_) return LinkError::Closed;
  switch (attachment_->writer_state()) {
    case WriterState::Alive:
      break;
    case WriterState::Dead:
      return LinkError::PeerDied;
    default:
      return LinkError::Closed;
  }
  // relaxed: a successor has replaced the segment. The former server may still run, fenced off.
  const bool replaced = attachment_->control->generation.load(std::memory_order_relaxed) !=
                        attachment_->layout.generation;
  return replaced ? std::optional(LinkError::PeerDied) : std::nullopt;
}

/// A server that was fenced off may still run. Its lock on the data file shows that.
bool ClientConnection::is_final() noexcept {
  // acquire [end]: as above.
  return server().ended.load(std::memory_order_acquire) == number_ ||
         !detail::is_in_use(attachment_->data_fd.get());
}

void ClientConnection::close() noexcept {
  if (number_ == 0) return;
  // release [end]: pairs with the server's acquire load, after which it uses the rings again.
  own().closed.store(number_, std::memory_order_release);
  bell_.ring();
}

}  // namespace evo::links
