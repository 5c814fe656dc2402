// SPDX-License-Identifier: Apache-2.0
#include "scenarios.hpp"

namespace evo::model {

std::vector<NamedScenario>& scenarios() {
  static std::vector<NamedScenario> all;
  return all;
}

ChannelDescription pair_channel(std::uint32_t slots, Kind kind) {
  ChannelDescription channel;
  channel.name = "pair";
  channel.owner = "model";
  channel.size = sizeof(Pair);
  channel.kind = kind;
  channel.slots = slots;
  channel.stamp = Stamp::None;
  return channel;
}

void share(Run& run, test::MemorySegment& segment) {
  const SlotGeometry& geometry = segment.geometry();
  run.share(segment.header());
  run.share(segment.control());
  for (std::uint32_t i = 0; i < test::MemorySegment::kEntries; ++i) run.share(segment.entry(i));
  run.share(segment.slots(), geometry.stride * geometry.count);
}

bool write(detail::StatePublisher& publisher, const SlotGeometry& geometry, std::uint64_t number) {
  const Pair value{number, number};
  return publisher
      .publish(
          geometry,
          [&](std::byte* payload) { detail::copy_to_shared<sizeof(Pair)>(payload, value.data()); })
      .has_value();
}

Got read(const detail::StateObserver& observer) {
  Got got;
  const auto outcome = observer.read([&](const detail::ReaderSlot& slot) {
    detail::copy_from_shared<sizeof(Pair)>(got.value.data(), slot.payload());
  });
  if (outcome) {
    got.sequence = *outcome;
  } else {
    got.error = outcome.error();
  }
  return got;
}

}  // namespace evo::model
