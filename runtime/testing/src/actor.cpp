// SPDX-License-Identifier: Apache-2.0
#include "evo/testing/actor.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <span>
#include <stdexcept>
#include <utility>

#include "evo/clock.hpp"

namespace evo::testing::detail {

namespace {

constexpr int kAnswerLimitMs = 20'000;
constexpr std::uint32_t kFailed = 1;

struct Header {
  std::uint32_t code;
  std::uint64_t argument;
  std::uint64_t size;
};

bool send_all(int socket, const void* data, std::size_t size) {
  const auto* at = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t count = ::send(socket, at, size, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    at += count;
    size -= static_cast<std::size_t>(count);
  }
  return true;
}

bool receive_all(int socket, void* data, std::size_t size) {
  auto* at = static_cast<char*>(data);
  while (size > 0) {
    const ssize_t count = ::recv(socket, at, size, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    at += count;
    size -= static_cast<std::size_t>(count);
  }
  return true;
}

bool send_message(int socket, const Message& message) {
  const Header header{message.code, message.argument, message.bytes.size()};
  return send_all(socket, &header, sizeof header) &&
         send_all(socket, message.bytes.data(), message.bytes.size());
}

std::optional<Message> receive_message(int socket) {
  Header header{};
  if (!receive_all(socket, &header, sizeof header)) return std::nullopt;
  Message message{.code = header.code, .argument = header.argument};
  message.bytes.resize(header.size);
  if (!receive_all(socket, message.bytes.data(), message.bytes.size())) return std::nullopt;
  return message;
}

/// Waits until the socket has something to read; false at `deadline_ns`.
bool await_request(int socket, std::optional<std::uint64_t> deadline_ns) {
  while (true) {
    timespec left{};
    if (deadline_ns) {
      const std::uint64_t now = monotonic_ns();
      if (now >= *deadline_ns) return false;
      left.tv_sec = static_cast<time_t>((*deadline_ns - now) / 1'000'000'000U);
      left.tv_nsec = static_cast<long>((*deadline_ns - now) % 1'000'000'000U);
    }
    pollfd wanted{.fd = socket, .events = POLLIN, .revents = 0};
    const int count = ::ppoll(&wanted, 1, deadline_ns ? &left : nullptr, nullptr);
    if (count > 0) return true;
    if (count < 0 && errno != EINTR) return true;  // the read reports it
  }
}

Message perform(Script& script, const Message& request) {
  try {
    return script.perform(request);
  } catch (const std::exception& error) {
    return failure(0, error.what());
  }
}

[[noreturn]] void run(const Actor::MakeScript& make_script, int socket) {
  try {
    const std::unique_ptr<Script> script = make_script();
    while (true) {
      if (!await_request(socket, script->next_tick_ns())) {
        script->tick();
        continue;
      }
      const std::optional<Message> request = receive_message(socket);
      if (!request || !send_message(socket, perform(*script, *request))) break;
    }
  } catch (const std::exception& error) {
    send_message(socket, failure(0, error.what()));
  }
  ::_exit(0);
}

}  // namespace

Message failure(std::uint64_t error, const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {.code = kFailed, .argument = error, .bytes = {bytes.begin(), bytes.end()}};
}

Actor::Actor(const MakeScript& make_script) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    throw std::runtime_error("evo::testing: cannot create a socket");
  }
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(2);
    ::close(ends[0]);
    run(make_script, ends[1]);
  }
  ::close(ends[1]);
  socket_ = ends[0];
  if (pid_ < 0) {
    ::close(socket_);
    throw std::runtime_error("evo::testing: cannot create a process");
  }
}

Actor::~Actor() {
  kill();
  if (socket_ >= 0) ::close(socket_);
}

Message Actor::ask(const Message& request) {
  send(request);
  pollfd wanted{.fd = socket_, .events = POLLIN, .revents = 0};
  if (::poll(&wanted, 1, kAnswerLimitMs) == 0) {
    throw std::runtime_error(
        "evo::testing: the scripted process gives no answer; if it is stopped, resume it first");
  }
  std::optional<Message> reply = receive_message(socket_);
  if (!reply) {
    reap();
    throw std::runtime_error("evo::testing: the scripted process ended by itself");
  }
  return std::move(*reply);
}

void Actor::ask_to_die(const Message& request) {
  send(request);
  const std::optional<Message> reply = receive_message(socket_);
  if (reply) throw std::runtime_error("evo::testing: " + reply->text());
  reap();
}

void Actor::send(const Message& request) const {
  if (!alive()) {
    throw std::runtime_error("evo::testing: the scripted process is dead; restart it first");
  }
  if (!send_message(socket_, request)) {
    throw std::runtime_error("evo::testing: the scripted process ended by itself");
  }
}

void Actor::stop() {
  if (!alive()) return;
  ::kill(pid_, SIGSTOP);
  siginfo_t state{};
  ::waitid(P_PID, static_cast<id_t>(pid_), &state, WSTOPPED);
}

void Actor::resume() {
  if (alive()) ::kill(pid_, SIGCONT);
}

void Actor::kill() {
  if (!alive()) return;
  ::kill(pid_, SIGKILL);
  reap();
}

void Actor::reap() {
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

}  // namespace evo::testing::detail
