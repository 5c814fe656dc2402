// SPDX-License-Identifier: Apache-2.0
#include "peers/peer.hpp"

#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace evo::bench {

void Receiver::receive(std::span<std::byte> value) {
  while (!try_receive(value)) ::sched_yield();
}

LinkDirectory::LinkDirectory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "evo-bench-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  path_ = pattern;
  name_ = std::filesystem::path(pattern).filename().string();
}

LinkDirectory::~LinkDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

const std::vector<Peer>& peers() {
  static const std::vector<Peer> all = {
      pipe_peer(),        unix_socket_peer(),
#ifdef EVO_BENCH_BOOST
      boost_mutex_peer(), boost_queue_peer(),
#endif
#ifdef EVO_BENCH_ICEORYX
      iceoryx_peer(),
#endif
#ifdef EVO_BENCH_ZEROMQ
      zeromq_peer(),
#endif
#ifdef EVO_BENCH_CYCLONE
      cyclone_dds_peer(),
#endif
  };
  return all;
}

const std::vector<std::string>& missing_peers() {
  static const std::vector<std::string> missing = {
#ifndef EVO_BENCH_BOOST
      "Boost.Interprocess (libboost-dev)",
#endif
#ifndef EVO_BENCH_ICEORYX
      "iceoryx (iceoryx, libiceoryx-posh-dev, libiceoryx-hoofs-dev)",
#endif
#ifndef EVO_BENCH_ZEROMQ
      "ZeroMQ (libzmq3-dev)",
#endif
#ifndef EVO_BENCH_CYCLONE
      "Cyclone DDS (cyclonedds-dev, cyclonedds-tools)",
#endif
  };
  return missing;
}

}  // namespace evo::bench
