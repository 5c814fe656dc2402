/// The ways between processes that others have made, behind one interface, to be measured with the
/// same payloads in the same run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace evo::bench {

/// The sending end; lives in the process that opened it.
class Sender {
 public:
  Sender() = default;
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;
  virtual ~Sender() = default;

  /// Returns when the value is on its way to every receiver; waits if there is no room for it.
  virtual void send(std::span<const std::byte> value) = 0;
};

/// A receiving end; lives in the process that opened it.
class Receiver {
 public:
  Receiver() = default;
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;
  virtual ~Receiver() = default;

  /// Takes a value that is there.
  virtual bool try_receive(std::span<std::byte> value) = 0;
  /// Waits for one, in the way that is the quickest with it.
  virtual void receive(std::span<std::byte> value);
};

/// A way from one process to others. Made before they start; each opens its end.
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
  std::uint32_t receivers = 1;  ///< each gets every value
};

struct Peer {
  std::string name;
  /// Whether receivers get every value, or the latest only.
  bool every_value = true;
  /// Whether `receive` sleeps.
  bool blocks = false;
  std::size_t most_bytes = std::size_t{1} << 20;
  std::function<std::unique_ptr<Link>(const LinkOptions&)> make = {};
};

/// All that were found when this was built.
const std::vector<Peer>& peers();

/// One line for each that was not found, with the package that brings it.
const std::vector<std::string>& missing_peers();

/// A directory for the files of a link, and names that nobody else uses.
class LinkDirectory {
 public:
  LinkDirectory();
  LinkDirectory(const LinkDirectory&) = delete;
  LinkDirectory& operator=(const LinkDirectory&) = delete;
  ~LinkDirectory();

  [[nodiscard]] const std::string& path() const { return path_; }
  /// Begins with `evo-bench-`; never twice.
  [[nodiscard]] const std::string& unique_name() const { return name_; }

 private:
  std::string name_;
  std::string path_;
};

// Defined where the package was found.
Peer pipe_peer();
Peer unix_socket_peer();
Peer iceoryx_peer();
Peer boost_queue_peer();
Peer boost_mutex_peer();
Peer zeromq_peer();
Peer cyclone_dds_peer();

}  // namespace evo::bench
