// SPDX-License-Identifier: Apache-2.0
#include "actor.hpp"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "operation.hpp"

namespace evo::test::lifecycle {

namespace {

int halting_socket = -1;

/// In a signal handler: reports, and waits for any request.
void report_halt() {
  Reply reply;
  reply.halted = true;
  Request leave;
  if (::send(halting_socket, &reply, sizeof reply, MSG_NOSIGNAL) != sizeof reply ||
      ::recv(halting_socket, &leave, sizeof leave, 0) != sizeof leave) {
    ::_exit(3);
  }
}

}  // namespace

Actor::Actor(int socket, Domain domain, unsigned number)
    : socket_(socket),
      domain_(std::move(domain)),
      number_(number),
      buffer_(&report_halt),
      writers_(segments().size()),
      readers_(segments().size()) {
  halting_socket = socket;
  // The address sanitizer's handler would exit, and the driver would not see the signal.
  ::signal(SIGBUS, SIG_DFL);
}

void Actor::serve() {
  Request request;
  while (::recv(socket_, &request, sizeof request, 0) == sizeof request) {
    Reply reply;
    try {
      operations()[request.step.operation].perform(*this, request, reply);
    } catch (const std::exception& error) {
      reply.outcome = "exception";
      reply.text = error.what();
    }
    if (::send(socket_, &reply, sizeof reply, MSG_NOSIGNAL) != sizeof reply) break;
  }
  ::_exit(0);
}

void Actor::close_everything() {
  for (auto& writer : writers_) writer.reset();
  for (auto& reader : readers_) reader.reset();
}

void Actor::leave_socket() {
  ::close(socket_);
}

void Actor::read(ReaderEnd& reader, Reply& reply) {
  const auto value = buffer_.place(reader.size());
  reader.read(value, reply);
  if (reply.outcome.view() != "ok") return;
  reply.ticket = word_at(value, 0);
  reply.whole = is_whole(value);
}

}  // namespace evo::test::lifecycle
