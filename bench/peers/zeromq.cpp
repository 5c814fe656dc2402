// SPDX-License-Identifier: Apache-2.0
/// ZeroMQ: a PUSH and a PULL socket over ipc for each receiver, so that no value is dropped.
#include <zmq.h>

#include <stdexcept>
#include <string>

#include "peers/peer.hpp"

namespace evo::bench {

namespace {

/// A socket and its context, for one process.
class Socket {
 public:
  explicit Socket(int type) : context_(::zmq_ctx_new()), socket_(::zmq_socket(context_, type)) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    // The last values may still be in transit; the receivers have them when they end.
    ::zmq_close(socket_);
    ::zmq_ctx_term(context_);
  }
  [[nodiscard]] void* get() const { return socket_; }

 private:
  void* context_;
  void* socket_;
};

class ZeromqSender : public Sender {
 public:
  explicit ZeromqSender(const std::vector<std::string>& addresses) {
    for (const std::string& address : addresses) {
      sockets_.push_back(std::make_unique<Socket>(ZMQ_PUSH));
      if (::zmq_bind(sockets_.back()->get(), address.c_str()) != 0) {
        throw std::runtime_error("zmq_bind failed");
      }
    }
  }
  void send(std::span<const std::byte> value) override {
    for (const auto& socket : sockets_) {
      if (::zmq_send(socket->get(), value.data(), value.size(), 0) < 0) {
        throw std::runtime_error("zmq_send failed");
      }
    }
  }

 private:
  std::vector<std::unique_ptr<Socket>> sockets_;
};

class ZeromqReceiver : public Receiver {
 public:
  explicit ZeromqReceiver(const std::string& address) : socket_(ZMQ_PULL) {
    if (::zmq_connect(socket_.get(), address.c_str()) != 0) {
      throw std::runtime_error("zmq_connect failed");
    }
  }
  bool try_receive(std::span<std::byte> value) override {
    return ::zmq_recv(socket_.get(), value.data(), value.size(), ZMQ_DONTWAIT) >= 0;
  }
  void receive(std::span<std::byte> value) override {
    if (::zmq_recv(socket_.get(), value.data(), value.size(), 0) < 0) {
      throw std::runtime_error("zmq_recv failed");
    }
  }

 private:
  Socket socket_;
};

class ZeromqLink : public Link {
 public:
  explicit ZeromqLink(const LinkOptions& options) {
    for (std::uint32_t i = 0; i < options.receivers; ++i) {
      addresses_.push_back("ipc://" + directory_.path() + "/" + std::to_string(i));
    }
  }
  std::unique_ptr<Sender> open_sender() override {
    return std::make_unique<ZeromqSender>(addresses_);
  }
  std::unique_ptr<Receiver> open_receiver(std::uint32_t index) override {
    return std::make_unique<ZeromqReceiver>(addresses_.at(index));
  }

 private:
  LinkDirectory directory_;
  std::vector<std::string> addresses_;
};

}  // namespace

Peer zeromq_peer() {
  const std::string version = std::to_string(ZMQ_VERSION_MAJOR) + "." +
                              std::to_string(ZMQ_VERSION_MINOR) + "." +
                              std::to_string(ZMQ_VERSION_PATCH);
  return {.name = "ZeroMQ " + version + ", ipc",
          .blocks = true,
          .make = [](const LinkOptions& options) { return std::make_unique<ZeromqLink>(options); }};
}

}  // namespace evo::bench
