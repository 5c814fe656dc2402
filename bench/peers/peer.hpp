// SPDX-License-Identifier: Apache-2.0
/// Interprocess communication of other libraries behind one interface, measured with the same
/// payloads in the same run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace evo::bench {

/// The sending endpoint; used only in the process that opened it.
class Sender {
 public:
  Sender() = default;
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;
  virtual ~Sender() = default;

  /// Returns when the value is on its way to every receiver; waits if there is no room for it.
  virtual void send(std::span<const std::byte> value) = 0;
};

/// A receiving endpoint; used only in the process that opened it.
class Receiver {
 public:
  Receiver() = default;
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;
  virtual ~Receiver() = default;

  /// Takes a value if one is available.
  virtual bool try_receive(std::span<std::byte> value) = 0;
  /// Waits for a value, in the fastest way that the peer offers.
  virtual void receive(std::span<std::byte> value);
};

/// A connection from one process to others. Created before they start; each opens its endpoint.
class Link {
 public:
  Link() = default;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  virtual ~Link() = default;

  /// To be called before any receiver is opened.
  virtual std::unique_ptr<Sender> open_sender() = 0;
  virtual std::unique_ptr<Receiver> open_receiver(std::uint32_t index) = 0;
};

struct LinkOptions {
  std::size_t bytes = 0;        ///< of each value
  std::uint32_t receivers = 1;  ///< each receives every value
};

struct Peer {
  std::string name;
  /// Whether receivers receive every value, or only the latest.
  bool every_value = true;
  /// Whether `receive` sleeps.
  bool blocks = false;
  std::size_t most_bytes = std::size_t{1} << 20;
  std::function<std::unique_ptr<Link>(const LinkOptions&)> make = {};
};

/// All peers that were found at build time.
const std::vector<Peer>& peers();

/// One line for each peer that was not found, with the package that provides it.
const std::vector<std::string>& missing_peers();

/// A directory for the files of a link, and a name that no other link uses.
class LinkDirectory {
 public:
  LinkDirectory();
  LinkDirectory(const LinkDirectory&) = delete;
  LinkDirectory& operator=(const LinkDirectory&) = delete;
  ~LinkDirectory();

  [[nodiscard]] const std::string& path() const { return path_; }
  /// Begins with `evo-bench-`; never repeats.
  [[nodiscard]] const std::string& unique_name() const { return name_; }

 private:
  std::string name_;
  std::string path_;
};

// Defined if the package was found.
Peer pipe_peer();
Peer unix_socket_peer();
Peer iceoryx_peer();
Peer boost_queue_peer();
Peer boost_mutex_peer();
Peer zeromq_peer();
Peer cyclone_dds_peer();

}  // namespace evo::bench
