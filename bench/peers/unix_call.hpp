// SPDX-License-Identifier: Apache-2.0
/// Calls through a Unix socket that keeps messages apart; both ends sleep in the kernel.
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "harness/ping_pong.hpp"

namespace evo::bench {

template <std::size_t kBytes>
Figures run_unix_calls() {
  using Value = Payload<kBytes>;
  struct End {
    int fd;
    void send(const Value& value) const {
      if (::send(fd, &value, sizeof(value), 0) != sizeof(value)) give_up("send");
    }
    void receive(Value& value) const {
      if (::recv(fd, &value, sizeof(value), 0) != sizeof(value)) give_up("recv");
    }
  };
  return measure_latency<Value>([] {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends.data()) != 0) give_up("socketpair");
    const Figures figures = measure_mapping<Value>(
        [&](std::size_t side, Barrier& /*barrier*/) { return End{ends.at(side)}; });
    for (const int end : ends) ::close(end);
    return figures;
  });
}

}  // namespace evo::bench
