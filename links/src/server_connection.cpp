// SPDX-License-Identifier: Apache-2.0
#include "server_connection.hpp"

namespace evo::links {

ServerConnection::ServerConnection(std::shared_ptr<ServerSide> side, std::uint32_t index,
                                   WatchedBy watcher)
    : Connection(index), side_(std::move(side)) {
  start(side_->sender(index), side_->receiver(index), side_->max_message());
  // relaxed: a client that does not see it yet rings once more.
  side_->place(index).own().watch.watched.store(watcher, std::memory_order_relaxed);
}

ServerConnection::~ServerConnection() {
  end(LinkError::Closed, false);
  side_->release(index());
}

void ServerConnection::notify() noexcept {
  order_before_wakes();
  wake_receiver(sender(), side_->place(index()).client().replies);
}

void ServerConnection::sleep(std::uint64_t until_ns) noexcept {
  const ServerSide::Place& place = side_->place(index());
  sleep_until_request(frames(), place.own().watch, place.send_order == SendOrder::Fence, until_ns);
}

void ServerConnection::close() noexcept {
  side_->tell_end(index());
}

}  // namespace evo::links
