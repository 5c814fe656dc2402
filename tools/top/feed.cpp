// SPDX-License-Identifier: Apache-2.0
#include "top/feed.hpp"

#include <utility>

#include "evo/clock.hpp"

namespace evo::tools {

Result<TopFeed> TopFeed::start(const Domain& domain, TopModel& model) {
  auto discovery = SegmentDiscovery::start(domain);
  if (!discovery) return tl::unexpected(std::move(discovery.error()));
  discovery->on_change([&model](DiscoveryEvent event, const SegmentInfo& info) {
    if (event == DiscoveryEvent::Vanished) {
      model.remove(info.name);
    } else {
      model.take(info, monotonic_ns());
    }
  });
  return TopFeed(std::move(*discovery), model);
}

Result<void> TopFeed::take_events() {
  if (auto done = discovery_.update(); !done) return tl::unexpected(std::move(done.error()));
  return {};
}

void TopFeed::look_at(const std::string& name) {
  // If a segment cannot be inspected, its row stays unchanged.
  if (!discovery_.refresh(name)) return;
  if (const SegmentInfo* info = discovery_.find(name)) model_->take(*info, monotonic_ns());
}

void TopFeed::look_again(const std::vector<std::string>& on_screen) {
  for (const std::string& name : on_screen) look_at(name);
  const std::uint64_t end = monotonic_ns() + std::chrono::nanoseconds(kTimeForOthers).count();
  for (std::size_t left = discovery_.segments().size(); left != 0; --left) {
    const auto& segments = discovery_.segments();
    if (segments.empty() || monotonic_ns() >= end) return;
    // A copy: the inspection may reorder the segments.
    const std::string name = segments[next_++ % segments.size()].name;
    look_at(name);
  }
}

}  // namespace evo::tools
