// SPDX-License-Identifier: Apache-2.0
#include "server_side.hpp"

#include <fcntl.h>

#include <algorithm>

#include "evo/clock.hpp"
#include "evo/format.hpp"
#include "link_channel.hpp"
#include "system/file.hpp"
#include "system/kernel_lock.hpp"

namespace evo::links {

Result<std::shared_ptr<ServerSide>> ServerSide::create(const LinkDescription& link,
                                                       const WriterOptions& options) {
  const auto channel = channel_of(link);
  if (!channel) return tl::unexpected(channel.error());
  auto attachment = detail::WriterAttachment::make(*channel, options);
  if (!attachment) return tl::unexpected(attachment.error());
  auto side = std::make_shared<ServerSide>(std::move(*attachment));
  side->warm_ = link.warm_clients;
  side->max_message_ = link.max_message;
  if (auto mapped = side->map_bells(); !mapped) return tl::unexpected(mapped.error());
  // relaxed: read by clients for which the server is ready.
  side->board().max_message.store(link.max_message, std::memory_order_relaxed);
  for (std::uint32_t index = 0; index < link.warm_clients; ++index) {
    if (auto prepared = side->prepare(index, options.memory.prefault); !prepared) {
      return tl::unexpected(prepared.error());
    }
    side->make_ready(index, 1);
  }
  return side;
}

ServerSide::ServerSide(std::unique_ptr<detail::WriterAttachment> attachment)
    : attachment_(std::move(attachment)), places_(attachment_->layout().geometry.count) {}

Result<void> ServerSide::map_bells() {
  const int fd = attachment_->data_fd();
  for (const auto& [mapping, offset] :
       {std::pair(&board_, board_offset(layout())), std::pair(&bells_, bells_offset(layout()))}) {
    auto mapped = MirroredMapping::map(fd, offset, kPageSize, 0, detail::Protection::ReadWrite);
    if (!mapped) return tl::unexpected(mapped.error());
    *mapping = std::move(*mapped);
  }
  // Each client says for itself how its sends are ordered.
  keeper_ = DoorKeeper(&bells(), &board().sleep, connections(), WakeProtocol::Fence);
  return {};
}

Result<void> ServerSide::prepare(std::uint32_t index, bool loads_pages) {
  Place& place = places_[index];
  const int fd = attachment_->data_fd();
  const std::uint64_t offset = connection_offset(layout(), index);
  if (auto allocated = allocate(index); !allocated) return allocated;
  const std::uint64_t ring = layout().geometry.payload_size;
  auto theirs = MirroredMapping::map(fd, offset, kPageSize, ring, detail::Protection::Read);
  if (!theirs) return tl::unexpected(theirs.error());
  auto mine = MirroredMapping::map(fd, offset + part_size(layout()), kPageSize, ring,
                                   detail::Protection::ReadWrite);
  if (!mine) return tl::unexpected(mine.error());
  if (loads_pages) {
    theirs->load_pages(detail::Protection::Read);
    mine->load_pages(detail::Protection::ReadWrite);
  }
  place.theirs = std::move(*theirs);
  place.mine = std::move(*mine);
  return {};
}

FrameSender ServerSide::sender(std::uint32_t index) const noexcept {
  const Place& place = places_[index];
  return {place.mine.ring(), layout().geometry.payload_size, &place.client().replies.taken,
          checksum()};
}

FrameReceiver ServerSide::receiver(std::uint32_t index) const noexcept {
  const Place& place = places_[index];
  return {place.theirs.ring(), layout().geometry.payload_size, &place.own().requests.taken,
          checksum()};
}

bool ServerSide::is_fenced() const noexcept {
  // relaxed: nothing is read because of it.
  return attachment_->control()->incarnation.load(std::memory_order_relaxed) !=
         attachment_->incarnation();
}

bool ServerSide::attend(std::uint32_t index) {
  Place& place = places_[index];
  // acquire [handover]: pairs with the store of the thread that used the connection.
  Use use = place.use.load(std::memory_order_acquire);
  if (use == Use::Served) return false;
  // Without a client, or without memory for one, it stays as it is.
  if (!place.is_mapped() && (!is_alive(index) || !prepare(index, true))) return false;
  // acquire [connect]: pairs with the client's release store, which holds the entry's lock.
  const std::uint64_t opened = place.client().opened.load(std::memory_order_acquire);
  if (use == Use::Ending) {
    if (!find_end(index)) return false;
    // No client can have used the rings since.
    empty_rings(index);
    make_ready(index, opened == place.number ? place.number + 1 : opened);
    // relaxed: only this thread stores it while it is not Served.
    place.use.store(Use::Free, std::memory_order_relaxed);
  }
  if (opened == place.number || opened == 0) return false;
  // The file system may be full: without memory, an access would raise SIGBUS.
  if (!allocate(index)) return false;
  // The client for which the rings were empty has used them, even if it has gone since.
  const bool was_ready = place.ready != place.number;
  if (!was_ready) {
    // relaxed: a client that has given up has sent nothing.
    const bool gave_up = place.client().closed.load(std::memory_order_relaxed) == opened;
    if (gave_up || !is_alive(index)) return false;
    make_ready(index, opened);
  }
  place.number = place.ready;
  // relaxed: ordered by `opened`. Loaded once.
  const SendOrder order = place.client().send_order.load(std::memory_order_relaxed);
  place.send_order = order == SendOrder::Fence ? order : SendOrder::ServerBarrier;
  // relaxed: as above.
  place.use.store(Use::Served, std::memory_order_relaxed);
  return true;
}

std::optional<LinkError> ServerSide::find_end(std::uint32_t index,
                                              bool asks_kernel) const noexcept {
  const Place& place = places_[index];
  // acquire, both [end]: pair with the client's release stores; what it sent before is visible.
  if (place.client().closed.load(std::memory_order_acquire) == place.number) {
    return LinkError::Closed;
  }
  const bool same = place.client().opened.load(std::memory_order_acquire) == place.number;
  const bool alive = same && (!asks_kernel || is_alive(index));
  return alive ? std::nullopt : std::optional(LinkError::PeerDied);
}

bool ServerSide::is_alive(std::uint32_t index) const noexcept {
  return detail::is_locked(attachment_->control().fd.get(), reader_lock_byte(index));
}

std::uint32_t ServerSide::pid_of(std::uint32_t index) const noexcept {
  // relaxed: advice.
  return attachment_->control()->readers()[index].pid.load(std::memory_order_relaxed);
}

Result<void> ServerSide::allocate(std::uint32_t index) const {
  return detail::allocate_range(attachment_->data_fd(), connection_offset(layout(), index),
                                layout().geometry.stride, attachment_->domain().path());
}

bool ServerSide::shares_pids(std::uint32_t index) const {
  const ReaderEntry& entry = attachment_->control()->readers()[index];
  const std::string name = detail::load_text(entry.process_name.data(), entry.process_name.size());
  const std::string path = fmt::format("/proc/{}/comm", pid_of(index));
  return detail::read_text(path.c_str()) == name + "\n";
}

void ServerSide::make_ready(std::uint32_t index, std::uint64_t number) {
  Place& place = places_[index];
  ServerPage& own = place.own();
  // relaxed, both: published by the store of `ready`.
  own.requests.taken.store(0, std::memory_order_relaxed);
  own.watch.watched.store(WatchedBy::None, std::memory_order_relaxed);
  place.ready = number;
  // release [connect]: pairs with the client's acquire load.
  own.ready.store(number, std::memory_order_release);
  detail::wake(reinterpret_cast<const std::uint32_t*>(&own.ready));
}

/// Gives the memory of the rings back; bytes that were never written are zero.
void ServerSide::empty_rings(std::uint32_t index) {
  const int fd = attachment_->data_fd();
  const std::uint64_t offset = connection_offset(layout(), index);
  const std::uint64_t ring = layout().geometry.payload_size;
  for (const std::uint64_t part : {offset, offset + part_size(layout())}) {
    ::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                static_cast<off_t>(part + kPageSize), static_cast<off_t>(ring));
  }
  if (!is_warm(index)) return;
  // If there is no memory now, the next client tries it again.
  if (!allocate(index)) return;
  places_[index].theirs.load_pages(detail::Protection::Read);
  places_[index].mine.load_pages(detail::Protection::ReadWrite);
}

void ServerSide::tell_end(std::uint32_t index) noexcept {
  Place& place = places_[index];
  // release [end]: pairs with the client's acquire load; what was sent before is visible.
  place.own().ended.store(place.number, std::memory_order_release);
}

void ServerSide::release(std::uint32_t index) noexcept {
  // release [handover]: pairs with the acquire load in attend().
  places_[index].use.store(Use::Ending, std::memory_order_release);
  ring(index);
}

void ServerSide::ring(std::uint32_t index) noexcept {
  Doorbell(&bells(), &board().sleep, &places_[index].own().watch, index, WakeProtocol::Fence)
      .ring();
}

void ServerSide::call() noexcept {
  // relaxed: as in Doorbell: a server that sleeps sees another value.
  bells().calls.fetch_add(1, std::memory_order_relaxed);
  detail::wake(reinterpret_cast<const std::uint32_t*>(&bells().calls));
}

}  // namespace evo::links
