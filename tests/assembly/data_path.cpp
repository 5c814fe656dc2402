// SPDX-License-Identifier: Apache-2.0
/// One function for each operation of the data path, to be compiled to assembly and searched for
/// barriers; see check_barriers.py.
#include "evo/detail/state_observer.hpp"
#include "evo/detail/state_publisher.hpp"
#include "evo/detail/stream_observer.hpp"
#include "evo/detail/stream_publisher.hpp"

namespace {

constexpr std::size_t kSize = 16;

constexpr evo::SlotGeometry geometry_of(evo::Kind kind) {
  evo::ChannelDescription channel;
  channel.kind = kind;
  channel.size = kSize;
  channel.slots = 4;
  channel.stamp = evo::Stamp::None;
  return evo::slot_geometry(channel);
}

constexpr evo::SlotGeometry kState = geometry_of(evo::Kind::State);
constexpr evo::SlotGeometry kStream = geometry_of(evo::Kind::Stream);

}  // namespace

extern "C" {

bool state_write(evo::detail::StatePublisher& publisher, const std::byte* value) {
  return publisher
      .publish(kState,
               [value](std::byte* payload) { evo::detail::copy_to_shared<kSize>(payload, value); })
      .has_value();
}

bool state_read(const evo::detail::StateObserver& observer, std::byte* value) {
  return observer
      .read([value](const evo::detail::ReaderSlot& slot) {
        evo::detail::copy_from_shared<kSize>(value, slot.payload());
      })
      .has_value();
}

bool stream_push(evo::detail::StreamPublisher& publisher, const std::byte* value) {
  return publisher
      .push(
          kStream,
          [value](std::byte* payload) { evo::detail::copy_to_shared<kSize>(payload, value); },
          std::chrono::nanoseconds(0))
      .has_value();
}

bool stream_take(evo::detail::StreamObserver& observer, std::byte* value) {
  const bool there = observer.look([value](const evo::detail::ReaderSlot& slot) {
    evo::detail::copy_from_shared<kSize>(value, slot.payload());
  });
  if (!there) return false;
  observer.advance();
  observer.store_cursor();
  return true;
}
}
