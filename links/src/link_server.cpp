// SPDX-License-Identifier: Apache-2.0
#include "evo/links/link_server.hpp"

#include <algorithm>
#include <atomic>

#include "client_deaths.hpp"
#include "evo/clock.hpp"
#include "served_peer.hpp"

namespace evo {

using links::ServedPeer;
using links::ServerSide;

namespace {

/// Messages of one ring before the others have their turn.
constexpr std::size_t kMostMessages = 16;
/// Looks at rings between two readings of the clock: about a microsecond.
constexpr std::size_t kLooks = 128;
/// The ring that was active last is looked at again after so many others.
constexpr std::size_t kOthers = 4;
/// A ring that was emptied of several messages at once is left alone for this long, so that its
/// client can send the next ones in one go.
constexpr std::uint64_t kRestNs = 1'000;
/// A ring that brought nothing for this long is no longer watched.
constexpr std::uint64_t kIdleNs = 100'000'000;
/// The first sleep while a message waits for room; later ones are longer.
constexpr std::uint64_t kShortestSleepNs = 1'000;
/// Each so many turns, the kernel is asked even for a client whose death it reports.
constexpr std::uint32_t kTurns = 8;
/// How often idle rings and dead clients are looked for, and the longest of those sleeps.
constexpr std::uint64_t kUpkeepNs = 1'000'000;

}  // namespace

/// I1: a ring whose peer is in `watched` has WatchedBy::Server, and the other way round.
struct LinkServer::State {
  State(std::shared_ptr<ServerSide> server, LinkHandler& of)
      : side(std::move(server)),
        handler(&of),
        outbox(side->connections()),
        peers(side->connections()) {
    watched.reserve(side->connections());
  }

  /// Why to look at a connection.
  enum class Why : std::uint8_t { Rung, Death, Turn };

  void attend(std::uint32_t index, std::uint64_t now, Why why);
  void watch(ServedPeer& peer, std::uint64_t now);
  /// Stops watching those for which `leave(peer)` is true, unless they have a frame.
  template <class Leave>
  void leave(Leave&& leave) noexcept;
  /// One look at each watched ring. Returns how many messages were handled.
  std::size_t look(std::uint64_t now);
  std::size_t visit(ServedPeer& peer, std::uint64_t now);
  /// Sends what waits for room, and wakes the clients that have been sent something.
  /// Returns whether something was sent.
  bool send_rest();
  /// Once per kUpkeepNs.
  void keep_up(std::uint64_t now);
  void drop_ended();
  void sleep(std::uint64_t until_ns) noexcept;

  std::shared_ptr<ServerSide> side;
  LinkHandler* handler;
  links::Outbox outbox;
  std::vector<std::unique_ptr<ServedPeer>> peers;  // by index
  std::vector<ServedPeer*> watched;
  ServedPeer* last_active = nullptr;
  std::unique_ptr<links::ClientDeaths> deaths;
  std::uint64_t upkeep_ns = 0;
  bool something_happened = false;  ///< a client came or went
  std::atomic<bool> stopped{false};
};

Result<LinkServer> LinkServer::create(const LinkDescription& link, LinkHandler& handler,
                                      const WriterOptions& options) {
  auto side = ServerSide::create(link, options);
  if (!side) return tl::unexpected(side.error());
  detail::Owned<State> state(new State(std::move(*side), handler));
  // Without it, deaths are found by looking at the locks.
  auto deaths = links::ClientDeaths::start([raw = state->side.get()] { raw->call(); });
  if (deaths) state->deaths = std::move(*deaths);
  return LinkServer(std::move(state));
}

LinkServer::LinkServer(detail::Owned<State> state) noexcept : state_(std::move(state)) {}
LinkServer::LinkServer(LinkServer&&) noexcept = default;
LinkServer& LinkServer::operator=(LinkServer&&) noexcept = default;
LinkServer::~LinkServer() = default;

void LinkServer::State::attend(std::uint32_t index, std::uint64_t now, Why why) {
  auto& peer = peers[index];
  if (peer == nullptr) {
    if (!side->attend(index)) return;
    try {
      peer = std::make_unique<ServedPeer>(*side, outbox, index);
    } catch (...) {
      side->release(index);
      throw;
    }
    peer->reports_death =
        deaths != nullptr && side->shares_pids(index) && deaths->add(index, peer->pid());
    watch(*peer, now);
    something_happened = true;
    handler->connected(*peer);
  }
  // A process can also free the lock without ending.
  const bool suspect = why == Why::Death || !peer->reports_death || ++peer->turns % kTurns == 0;
  peer->check(suspect);
  if (peer->has_news()) watch(*peer, now);
}

void LinkServer::State::watch(ServedPeer& peer, std::uint64_t now) {
  if (peer.watched) return;
  peer.watched = true;
  peer.active_ns = now;
  links::DoorKeeper::watch(peer.watch());
  watched.push_back(&peer);
}

template <class Leave>
void LinkServer::State::leave(Leave&& leave) noexcept {
  const auto first = std::partition(watched.begin(), watched.end(),
                                    [&](const ServedPeer* peer) { return !leave(*peer); });
  if (first == watched.end()) return;
  const bool all_fence = std::all_of(
      first, watched.end(), [](const ServedPeer* peer) { return peer->executes_fences(); });
  std::for_each(first, watched.end(),
                [](const ServedPeer* peer) { links::DoorKeeper::leave(peer->watch()); });
  const bool ordered = links::DoorKeeper::order_last_look(all_fence);
  const auto stays = [&](ServedPeer* peer) {
    if (ordered && !peer->has_news()) return false;
    links::DoorKeeper::watch(peer->watch());
    return true;
  };
  const auto gone = std::partition(first, watched.end(), stays);
  for (auto each = gone; each != watched.end(); ++each) (*each)->watched = false;
  watched.erase(gone, watched.end());
}

std::size_t LinkServer::State::visit(ServedPeer& peer, std::uint64_t now) {
  if (now < peer.not_before_ns || !peer.has_work()) [[likely]]
    return 0;
  const std::size_t taken = peer.visit(*handler, kMostMessages);
  if (taken == 0) return 0;
  peer.active_ns = now;
  if (taken >= 2 && taken < kMostMessages) peer.not_before_ns = now + kRestNs;
  last_active = &peer;
  return taken;
}

std::size_t LinkServer::State::look(std::uint64_t now) {
  std::size_t taken = 0;
  std::size_t others = 0;
  for (ServedPeer* const peer : watched) {
    if (peer != last_active && ++others % kOthers == 0 && last_active != nullptr) {
      taken += visit(*last_active, now);
    }
    taken += visit(*peer, now);
  }
  return taken;
}

bool LinkServer::State::send_rest() {
  std::erase_if(outbox.waiting, [](ServedPeer* peer) { return peer->send_backlog(); });
  if (outbox.sent.empty()) return false;
  links::order_before_wakes();
  for (ServedPeer* const peer : outbox.sent) peer->wake();
  outbox.sent.clear();
  return true;
}

void LinkServer::State::drop_ended() {
  if (!std::exchange(outbox.someone_ended, false)) return;
  for (auto& peer : peers) {
    if (peer == nullptr || !peer->has_ended()) continue;
    std::erase(watched, peer.get());
    if (last_active == peer.get()) last_active = nullptr;
    if (deaths != nullptr) deaths->remove(peer->index());
    something_happened = true;
    handler->disconnected(*peer, peer->end());
    peer.reset();
  }
}

void LinkServer::State::keep_up(std::uint64_t now) {
  if (now - upkeep_ns < kUpkeepNs) return;
  upkeep_ns = now;
  if (deaths != nullptr) deaths->look([&](std::uint32_t index) { attend(index, now, Why::Death); });
  side->sweep(now, [&](std::uint32_t index) { attend(index, now, Why::Turn); });
  leave([&](const ServedPeer& peer) { return now - peer.active_ns > kIdleNs; });
}

void LinkServer::State::sleep(std::uint64_t until_ns) noexcept {
  // A client with a backlog does not wake it, but then the sleep is short.
  const auto would_wake = [](const ServedPeer* peer) {
    return peer->executes_fences() || peer->has_backlog();
  };
  leave([&](const ServedPeer& peer) { return !would_wake(&peer); });
  if (!std::ranges::all_of(watched, would_wake)) return;
  if (deaths != nullptr) deaths->arm();
  side->keeper().sleep(until_ns, [&] {
    // relaxed: the sleep's fence orders it.
    return stopped.load(std::memory_order_relaxed) ||
           std::ranges::any_of(watched, [](ServedPeer* peer) { return peer->has_work(); });
  });
  upkeep_ns = 0;  // a death may have ended the sleep
}

std::size_t LinkServer::serve(std::chrono::nanoseconds timeout, const ServeOptions& options) {
  State& state = *state_;
  std::uint64_t now = monotonic_ns();
  const std::uint64_t end = detail::end_of_wait(now, timeout);
  std::uint64_t spin_until = detail::end_of_wait(now, options.spin);
  std::uint64_t interval = kShortestSleepNs;
  state.something_happened = false;
  while (!stopped()) {
    state.side->keeper().collect([&](std::size_t index) {
      state.attend(static_cast<std::uint32_t>(index), now, State::Why::Rung);
    });
    std::size_t taken = 0;
    const std::size_t looks = 1 + kLooks / (state.watched.size() + 1);
    for (std::size_t i = 0; i < looks && taken == 0; ++i) taken = state.look(now);
    const bool sent = state.send_rest();
    state.keep_up(now);
    state.drop_ended();
    if (taken != 0 || state.something_happened) return taken;
    now = monotonic_ns();
    if (now >= end) return 0;
    if (sent) {
      spin_until = detail::end_of_wait(now, options.spin);
      interval = kShortestSleepNs;
    }
    if (now < spin_until) continue;
    // A client that takes its replies does not wake the server.
    const bool waits = !state.outbox.waiting.empty();
    state.sleep(std::min(end, now + (waits ? interval : links::kLongestSilenceNs)));
    interval = std::min(2 * interval, kUpkeepNs);
    now = monotonic_ns();
  }
  return 0;
}

void LinkServer::stop() noexcept {
  // release: pairs with the acquire in stopped().
  state_->stopped.store(true, std::memory_order_release);
  state_->side->call();
}

bool LinkServer::stopped() const noexcept {
  // acquire: pairs with the release in stop().
  return state_->stopped.load(std::memory_order_acquire) || state_->side->is_fenced();
}

}  // namespace evo
