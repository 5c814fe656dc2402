// SPDX-License-Identifier: Apache-2.0
/// A pipe or a Unix socket for each receiver. They carry byte streams, so a value may arrive in
/// parts.
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>

#include "peers/peer.hpp"

namespace evo::bench {

namespace {

struct Ends {
  int receiving = -1;
  int sending = -1;
};

void wait_until(int fd, short event) {
  pollfd one{fd, event, 0};
  ::poll(&one, 1, -1);
}

class DescriptorSender : public Sender {
 public:
  explicit DescriptorSender(const std::vector<Ends>& ends) : ends_(ends) {}

  void send(std::span<const std::byte> value) override {
    for (const Ends& ends : ends_) {
      for (auto rest = value; !rest.empty();) {
        const ssize_t count = ::write(ends.sending, rest.data(), rest.size());
        if (count < 0 && errno != EAGAIN) throw std::runtime_error("a write failed");
        if (count < 0) {
          wait_until(ends.sending, POLLOUT);
        } else {
          rest = rest.subspan(static_cast<std::size_t>(count));
        }
      }
    }
  }

 private:
  const std::vector<Ends>& ends_;
};

class DescriptorReceiver : public Receiver {
 public:
  explicit DescriptorReceiver(int fd) : fd_(fd) {}

  bool try_receive(std::span<std::byte> value) override {
    std::size_t done = read_some(value);
    if (done == 0) return false;
    while (done < value.size()) done += read_some(value.subspan(done));
    return true;
  }

  void receive(std::span<std::byte> value) override {
    while (!try_receive(value)) wait_until(fd_, POLLIN);
  }

 private:
  [[nodiscard]] std::size_t read_some(std::span<std::byte> value) const {
    const ssize_t count = ::read(fd_, value.data(), value.size());
    if (count > 0) return static_cast<std::size_t>(count);
    if (count < 0 && errno == EAGAIN) return 0;
    throw std::runtime_error("a read failed");
  }

  int fd_;
};

class DescriptorLink : public Link {
 public:
  template <class Open>
  DescriptorLink(std::uint32_t receivers, Open&& open) : ends_(receivers) {
    for (Ends& ends : ends_) {
      std::array<int, 2> fds{};
      if (open(fds) != 0) throw std::runtime_error("cannot open it");
      ends = {fds[0], fds[1]};
      ::fcntl(ends.receiving, F_SETFL, O_NONBLOCK);
    }
  }
  ~DescriptorLink() override {
    for (const Ends& ends : ends_) {
      ::close(ends.receiving);
      ::close(ends.sending);
    }
  }

  std::unique_ptr<Sender> open_sender() override {
    return std::make_unique<DescriptorSender>(ends_);
  }
  std::unique_ptr<Receiver> open_receiver(std::uint32_t index) override {
    return std::make_unique<DescriptorReceiver>(ends_.at(index).receiving);
  }

 private:
  std::vector<Ends> ends_;
};

}  // namespace

Peer pipe_peer() {
  return {.name = "pipe", .blocks = true, .make = [](const LinkOptions& options) {
            return std::make_unique<DescriptorLink>(
                options.receivers, [](std::array<int, 2>& fds) { return ::pipe(fds.data()); });
          }};
}

Peer unix_socket_peer() {
  return {.name = "unix socket", .blocks = true, .make = [](const LinkOptions& options) {
            return std::make_unique<DescriptorLink>(options.receivers, [](std::array<int, 2>& fds) {
              return ::socketpair(AF_UNIX, SOCK_STREAM, 0, fds.data());
            });
          }};
}

}  // namespace evo::bench
