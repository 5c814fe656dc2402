// SPDX-License-Identifier: Apache-2.0
/// Frames in a ring of four lines, without checksums, which would hide a torn frame. Message n
/// holds n, twice.
#include "evo/links/doorbell.hpp"
#include "evo/links/frame_receiver.hpp"
#include "evo/links/frame_sender.hpp"
#include "evo/links/frame_sleep.hpp"
#include "scenarios.hpp"

namespace evo::model {
namespace {

constexpr std::size_t kLines = 4;
constexpr std::size_t kSize = kLines * links::kFrameAlignment;

struct Ring {
  explicit Ring(std::uint64_t already) {
    sender = {bytes(), kSize, &own.taken, Checksum::None};
    receiver = {bytes(), kSize, &own.taken, Checksum::None};
    for (std::uint64_t i = 0; i < already; ++i) {
      static_cast<void>(send());
      static_cast<void>(receive());
    }
  }

  std::byte* bytes() { return reinterpret_cast<std::byte*>(words.data()); }

  bool send() {
    const std::uint64_t number = sent + 1;
    const Pair value{number, number};
    const bool done = sender.try_send({.id = number, .length = sizeof(value)}, value.data());
    if (done) ++sent;
    return done;
  }

  /// Returns whether nothing was wrong: there was no message, or it was the next one.
  bool receive() {
    const links::Found found = receiver.look();
    if (found != links::Found::Frame) return found == links::Found::Nothing;
    Pair value{};
    if (receiver.info().length != sizeof(value)) return false;
    // The model has no loads that see stores of the future. So that a sender which uses bytes again
    // too early is noticed, some loads are checked for data races.
    if (in_place) {
      value = {plain_load(receiver.payload()), plain_load(receiver.payload() + 8)};
    } else if (!receiver.copy(value.data())) {
      return false;
    }
    ++received;
    const bool right =
        receiver.info().id == received && value[0] == received && value[1] == received;
    receiver.take();
    return right;
  }

  // Frames of one line never wrap, so this ring is not mapped twice.
  alignas(links::kFrameAlignment) std::array<detail::Word, kSize / sizeof(detail::Word)> words{};
  links::ReceiverState own;
  links::FrameSender sender;
  links::FrameReceiver receiver;
  bool in_place = false;
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
};

/// After `already` messages; from the fourth one on, old frames are in every line.
Scenario frames(std::uint64_t already, std::uint64_t sends, int looks, bool in_place = false) {
  return [=](Run& run) {
    Ring ring(already);
    ring.in_place = in_place;
    run.share(ring.words);
    run.share(ring.own);
    run.mortal([&] {
      for (std::uint64_t i = 0; i < sends; ++i) static_cast<void>(ring.send());
    });
    run.mortal([&] {
      for (int i = 0; i < looks; ++i) {
        run.expect(ring.receive(), "a message is torn, out of order, or was never sent");
      }
    });
    if (!run.finish()) return;
    run.expect(ring.received <= ring.sent + 1, "more was received than sent");
  };
}

const Registered kFresh("links: messages through a new ring", frames(0, 3, 3));
const Registered kUsed("links: messages through a used ring", frames(6, 3, 3));
/// Three frames fill the ring, so the fourth and fifth use lines again.
const Registered kFull("links: messages through a full ring", frames(5, 5, 3));
const Registered kInPlace("links: messages used in place in a full ring", frames(5, 5, 3, true));

/// A server and its clients, which each send some messages.
struct Sleepy {
  WakeProtocol protocol = WakeProtocol::Membarrier;
  std::size_t clients = 1;
  std::uint64_t messages = 1;  ///< of each client
  bool first_may_die = false;
  bool watches_at_first = false;
  bool sleeps_watching = false;  ///< clients that execute fences allow it
};

constexpr std::size_t kMostClients = 2;

struct Connections {
  std::array<Ring, kMostClients> rings{Ring(0), Ring(0)};
  std::array<links::RingWatch, kMostClients> watches;
  links::Bells bells;
  links::ServerSleep server;
};

/// Serves until `done()`: looks at the rings that it watches, and sleeps; before that, it may stop
/// watching all of them.
template <class Done>
void serve(Connections& all, const Sleepy& with, Done&& done) {
  const links::DoorKeeper keeper(&all.bells, &all.server, with.clients, with.protocol);
  std::array<bool, kMostClients> watched{with.watches_at_first, with.watches_at_first};
  const auto look_at_watched = [&] {
    bool found = false;
    for (std::size_t i = 0; i < with.clients; ++i) {
      while (watched.at(i) && all.rings.at(i).receiver.look() == links::Found::Frame) {
        found = true;
        static_cast<void>(all.rings.at(i).receive());
      }
    }
    return found;
  };
  while (true) {
    keeper.collect([&](std::size_t connection) {
      links::DoorKeeper::watch(all.watches.at(connection));
      watched.at(connection) = true;
    });
    while (look_at_watched()) {
    }
    if (done()) return;
    if (with.sleeps_watching) {
      keeper.sleep(detail::Wait::kNever, [&] {
        for (std::size_t i = 0; i < with.clients; ++i) {
          const bool found = all.rings.at(i).receiver.look() == links::Found::Frame;
          if (watched.at(i) && found) return true;
        }
        return false;
      });
      continue;
    }
    for (std::size_t i = 0; i < with.clients; ++i) {
      if (watched.at(i)) links::DoorKeeper::leave(all.watches.at(i));
    }
    static_cast<void>(keeper.order_last_look());
    const bool found = look_at_watched();
    // The client of a ring that is no longer watched rings again.
    watched = {};
    if (!found) keeper.sleep(detail::Wait::kNever, [] { return false; });
    if (done()) return;
  }
}

Scenario served(const Sleepy& with) {
  return [=](Run& run) {
    Connections all;
    if (with.watches_at_first) {
      for (links::RingWatch& watch : all.watches) links::DoorKeeper::watch(watch);
    }
    for (Ring& ring : all.rings) {
      run.share(ring.words);
      run.share(ring.own);
    }
    run.share(all.watches);
    run.share(all.bells);
    run.share(all.server);
    for (std::size_t i = 0; i < with.clients; ++i) {
      const auto body = [&all, &with, i] {
        const links::Doorbell bell(&all.bells, &all.server, &all.watches.at(i), i, with.protocol);
        for (std::uint64_t n = 0; n < with.messages; ++n) {
          static_cast<void>(all.rings.at(i).send());
          static_cast<void>(bell.sent());
        }
      };
      if (with.first_may_die && i == 0) {
        run.mortal(body);
      } else {
        run.thread(body);
      }
    }
    const std::size_t server = run.thread([&] {
      serve(all, with, [&] {
        for (std::size_t i = with.first_may_die ? 1 : 0; i < with.clients; ++i) {
          if (all.rings.at(i).received != with.messages) return false;
        }
        return true;
      });
    });
    if (!run.finish()) return;
    run.expect(!run.sleeps(server), "the server sleeps although a client has sent a frame");
  };
}

const Registered kRung("links: a server is woken, the client executes a fence",
                       served({.protocol = WakeProtocol::Fence, .messages = 2}),
                       {.preemptions = 4});
const Registered kRungBarrier("links: a server is woken, it calls membarrier",
                              served({.protocol = WakeProtocol::Membarrier, .messages = 2}),
                              {.preemptions = 4});
const Registered kLeaves("links: a server stops watching, the client executes a fence",
                         served({.protocol = WakeProtocol::Fence, .watches_at_first = true}));
const Registered kLeavesBarrier("links: a server stops watching, it calls membarrier",
                                served({.protocol = WakeProtocol::Membarrier,
                                        .watches_at_first = true}));
const Registered kSleepsWatching("links: a server sleeps while it watches a ring",
                                 served({.protocol = WakeProtocol::Fence,
                                         .messages = 2,
                                         .watches_at_first = true,
                                         .sleeps_watching = true}),
                                 {.preemptions = 4});
const Registered kSleepsAfterRing(
    "links: a server is rung, and sleeps while it watches a ring",
    served({.protocol = WakeProtocol::Fence, .messages = 2, .sleeps_watching = true}),
    {.preemptions = 3});
const Registered kTwoClients("links: two clients wake a server", served({.clients = 2}),
                             {.preemptions = 2});
const Registered kKilledClient("links: one of two clients is killed",
                               served({.clients = 2, .first_may_die = true}), {.preemptions = 2});

/// A receiver sleeps until each of the messages is there; the sender wakes it after each batch.
Scenario slept(std::uint64_t messages, std::uint64_t batch) {
  return [=](Run& run) {
    Ring ring(0);
    run.share(ring.words);
    run.share(ring.own);
    run.thread([&] {
      for (std::uint64_t i = 1; i <= messages; ++i) {
        static_cast<void>(ring.send());
        if (i % batch != 0) continue;
        links::order_before_wakes();
        links::wake_receiver(ring.sender, ring.own);
      }
    });
    const std::size_t receiver = run.thread([&] {
      while (ring.received != messages) {
        const std::uint64_t before = ring.received;
        run.expect(ring.receive(), "a message is torn, out of order, or was never sent");
        if (ring.received == before) {
          links::sleep_until_frame(ring.receiver, ring.own, detail::Wait::kNever);
        }
      }
    });
    if (!run.finish()) return;
    run.expect(!run.sleeps(receiver), "the receiver sleeps although there is a message");
  };
}

/// A thread of the server sleeps until each request is there; the client looks whether it does.
Scenario slept_in_thread(WakeProtocol protocol, std::uint64_t messages) {
  return [=](Run& run) {
    Connections all;
    Ring& ring = all.rings.front();
    links::RingWatch& watch = all.watches.front();
    // relaxed: no thread runs yet.
    watch.watched.store(links::WatchedBy::Thread, std::memory_order_relaxed);
    run.share(ring.words);
    run.share(ring.own);
    run.share(all.watches);
    run.share(all.bells);
    run.share(all.server);
    run.thread([&] {
      const links::Doorbell bell(&all.bells, &all.server, &watch, 0, protocol);
      for (std::uint64_t i = 0; i < messages; ++i) {
        static_cast<void>(ring.send());
        if (bell.sent()) links::wake_receiver_at(ring.sender, ring.own);
      }
    });
    const std::size_t server = run.thread([&] {
      while (ring.received != messages) {
        const std::uint64_t before = ring.received;
        run.expect(ring.receive(), "a message is torn, out of order, or was never sent");
        if (ring.received == before) {
          links::sleep_until_request(ring.receiver, watch, protocol == WakeProtocol::Fence,
                                     detail::Wait::kNever);
        }
      }
    });
    if (!run.finish()) return;
    run.expect(!run.sleeps(server), "the thread sleeps although there is a message");
  };
}

const Registered kThread("links: a thread is woken, the client executes a fence",
                         slept_in_thread(WakeProtocol::Fence, 2));
const Registered kThreadBarrier("links: a thread is woken, it calls membarrier",
                                slept_in_thread(WakeProtocol::Membarrier, 2));
const Registered kSleeps("links: a receiver is woken after each message", slept(3, 1));
const Registered kSleepsBatch("links: a receiver is woken after a batch", slept(2, 2));

}  // namespace
}  // namespace evo::model
