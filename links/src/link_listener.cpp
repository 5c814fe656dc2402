// SPDX-License-Identifier: Apache-2.0
#include "evo/links/link_listener.hpp"

#include <algorithm>
#include <atomic>
#include <deque>

#include "evo/clock.hpp"
#include "server_connection.hpp"

namespace evo {

struct LinkListener::State {
  explicit State(std::shared_ptr<links::ServerSide> server) : side(std::move(server)) {}

  void attend(std::uint32_t index) {
    if (side->attend(index)) arrived.push_back(index);
  }

  std::shared_ptr<links::ServerSide> side;
  std::deque<std::uint32_t> arrived;
  std::atomic<bool> stopped{false};
};

Result<LinkListener> LinkListener::create(const LinkDescription& link,
                                          const WriterOptions& options) {
  auto side = links::ServerSide::create(link, options);
  if (!side) return tl::unexpected(side.error());
  return LinkListener(detail::Owned(new State(std::move(*side))));
}

LinkListener::LinkListener(detail::Owned<State> state) noexcept : state_(std::move(state)) {}
LinkListener::LinkListener(LinkListener&&) noexcept = default;
LinkListener& LinkListener::operator=(LinkListener&&) noexcept = default;
LinkListener::~LinkListener() = default;

LinkResult<LinkConnection> LinkListener::accept(std::chrono::nanoseconds timeout) {
  State& state = *state_;
  links::ServerSide& side = *state.side;
  std::uint64_t now = monotonic_ns();
  const std::uint64_t end = detail::end_of_wait(now, timeout);
  while (true) {
    // acquire: pairs with the release in stop(). A forked child looks fenced off, too.
    if (state.stopped.load(std::memory_order_acquire) || side.is_fenced()) {
      return tl::unexpected(LinkError::Closed);
    }
    side.keeper().collect([&](std::size_t i) { state.attend(static_cast<std::uint32_t>(i)); });
    side.sweep(now, [&](std::uint32_t i) { state.attend(i); });
    if (!state.arrived.empty()) {
      const std::uint32_t index = state.arrived.front();
      state.arrived.pop_front();
      return LinkConnection(detail::Owned<links::Connection>(
          new links::ServerConnection(state.side, index, links::WatchedBy::Thread)));
    }
    if (now >= end) return tl::unexpected(LinkError::Timeout);
    side.keeper().sleep(std::min(end, now + links::kLongestSilenceNs), [&] {
      return state.stopped.load(std::memory_order_relaxed);  // relaxed: the sleep's fence orders it
    });
    now = monotonic_ns();
  }
}

void LinkListener::stop() noexcept {
  // release: pairs with the acquire in accept().
  state_->stopped.store(true, std::memory_order_release);
  state_->side->call();
}

}  // namespace evo
