// SPDX-License-Identifier: Apache-2.0
/// How long does a call of a link take?
///
/// A client sends a message, and the server, which handles all its clients in one thread, sends one
/// back. A figure is half of that, so that it compares with one way of the limit. If both ends
/// poll, the limit is a ping-pong of two lines that carry nothing but a number; if both sleep, that
/// of two bare futexes.
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <deque>
#include <memory>
#include <optional>

#include "evo/links/link_server.hpp"
#include "harness/arguments.hpp"
#include "harness/channels.hpp"
#include "harness/ping_pong.hpp"
#include "harness/rounds.hpp"
#include "peers/unix_call.hpp"
#include "temporary_domain.hpp"

namespace evo::bench {
namespace {

using namespace std::chrono_literals;

/// Long enough to poll all the time.
constexpr std::chrono::nanoseconds kPolling = 10s;

struct Setup {
  std::chrono::nanoseconds spin{0};
  Checksum checksum = Checksum::Crc32c;
  std::uint32_t others = 0;  ///< connections that the server knows, but that do not call
};

LinkDescription description(const Setup& setup) {
  return {.name = "bench",
          .owner = "bench",
          .max_clients = setup.others + 1,
          .warm_clients = setup.others + 1,
          .checksum = setup.checksum};
}

/// Sends each message back.
class Echo : public LinkHandler {
 public:
  void received(LinkPeer& peer, const LinkMessage& message) override {
    if (message.type != 0) return;  // from a client that does not call
    peer.send(message);
    ++calls;
  }

  std::uint64_t calls = 0;
};

/// The two ends, each in its process.
template <class Value>
class CallEnd {
 public:
  CallEnd(std::size_t side, Barrier& barrier, const Domain& domain, const Setup& setup)
      : setup_(setup) {
    if (side == 1) {
      auto server = LinkServer::create(description(setup), *echo_, {.domain = domain});
      if (!server) give_up(server.error().message);
      server_.emplace(std::move(*server));
    }
    barrier.wait_for(2);
    if (side == 1) return;
    for (std::uint32_t i = 0; i <= setup.others; ++i) {
      auto client = LinkConnection::connect(description(setup), {.domain = domain, .wait = 10s});
      if (!client) give_up(client.error().message);
      clients_.push_back(std::move(*client));
      // So that the server watches all of them.
      if (i != 0 && !clients_.back().try_send({.type = 1})) give_up("no room");
    }
  }

  void send(const Value& value) {
    if (server_) return;  // it has answered already
    if (!clients_.front().send({.payload = std::as_bytes(std::span(&value, 1))})) give_up("send");
  }
  void receive(Value& value) {
    if (server_) return serve_one();
    const auto message = clients_.front().receive(10s, {.spin = setup_.spin});
    if (!message || message->payload.size() != sizeof(value)) give_up("receive");
    std::memcpy(&value, message->payload.data(), sizeof(value));
  }

 private:
  void serve_one() {
    ++expected_;  // the server may have answered the call after this one, too
    while (echo_->calls < expected_) server_->serve(10s, {.spin = setup_.spin});
  }

  Setup setup_;
  std::unique_ptr<Echo> echo_ = std::make_unique<Echo>();
  std::optional<LinkServer> server_;
  std::deque<LinkConnection> clients_;
  std::uint64_t expected_ = 0;
};

template <std::size_t kBytes>
Figures run_calls(const Setup& setup) {
  return measure_latency<Payload<kBytes>>([=] {
    const test::TemporaryDomain directory;
    return measure_mapping<Payload<kBytes>>([&](std::size_t side, Barrier& barrier) {
      return CallEnd<Payload<kBytes>>(side, barrier, directory.domain(), setup);
    });
  });
}

/// Each side sleeps on a word of its own.
Figures run_futexes() {
  using Number = Payload<8>;
  struct alignas(4096) Page {
    std::atomic<std::uint32_t> number{0};
  };
  struct End {
    Page& out;
    const Page& in;
    void send(const Number& value) {
      // release: pairs with the acquire load below, as it would with a value in front.
      out.number.store(static_cast<std::uint32_t>(value.number()), std::memory_order_release);
      ::syscall(SYS_futex, &out.number, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
    }
    void receive(Number& value) {
      std::uint32_t n = 0;
      // acquire: as above.
      while ((n = in.number.load(std::memory_order_acquire)) == last) {
        ::syscall(SYS_futex, &in.number, FUTEX_WAIT, last, nullptr, nullptr, 0);
      }
      last = n;
      value.number(n);
    }
    std::uint32_t last = 0;
  };
  return measure_latency<Number>([] {
    const Shared<std::array<Page, 2>> pages;
    return measure_mapping<Number>([&](std::size_t side, Barrier& /*barrier*/) {
      return End{(*pages)[side], (*pages)[1 - side]};
    });
  });
}

template <std::size_t kBytes>
void ask_polling(Answer& answer, const Arguments& arguments) {
  std::vector<Case> cases{
      {"call, both poll", [] { return run_calls<kBytes>({.spin = kPolling}); }},
      {"call without checksums, both poll",
       [] { return run_calls<kBytes>({.spin = kPolling, .checksum = Checksum::None}); }}};
  if (kBytes == 64) {
    cases.push_back({"call, both poll, 511 idle connections",
                     [] { return run_calls<kBytes>({.spin = kPolling, .others = 511}); }});
  }
  measure(answer,
          {.bytes = kBytes, .limits = {{"limit: two lines", run_ping_pong}}, .cases = cases},
          arguments.rounds);
}

template <std::size_t kBytes>
void ask_sleeping(Answer& answer, const Arguments& arguments) {
  measure(answer,
          {.bytes = kBytes,
           .limits = {{"limit: two futexes", run_futexes}},
           .cases = {{"call, both sleep", [] { return run_calls<kBytes>({}); }},
                     {"Unix socket", run_unix_calls<kBytes>}}},
          arguments.rounds);
}

void ask_all(Answer& answer, const Arguments& arguments) {
  ask_polling<40>(answer, arguments);
  ask_polling<64>(answer, arguments);
  ask_polling<4096>(answer, arguments);
  ask_polling<65536>(answer, arguments);
  ask_sleeping<64>(answer, arguments);
}

}  // namespace
}  // namespace evo::bench

int main(int count, char** arguments) {
  return evo::bench::run_benchmark(count, arguments, {.name = "link_call", .unit = "ns one way"},
                                   "How long does a call of a link take?", evo::bench::ask_all);
}
