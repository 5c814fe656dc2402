// SPDX-License-Identifier: Apache-2.0
/// A process with endpoints. It does what the driver asks over a socket, one operation at a time.
#pragma once

#include <sys/types.h>

#include <memory>
#include <vector>

#include "endpoints.hpp"
#include "halting_buffer.hpp"
#include "step.hpp"

namespace evo::test::lifecycle {

/// A user and its only group.
struct User {
  uid_t user = 0;
  gid_t group = 0;
};

class Actor {
 public:
  Actor(int socket, Domain domain, unsigned number);

  /// Until the driver closes the socket.
  [[noreturn]] void serve();

  [[nodiscard]] const Domain& domain() const { return domain_; }
  [[nodiscard]] unsigned number() const { return number_; }
  [[nodiscard]] std::unique_ptr<WriterEnd>& writer(const Step& step) {
    return writers_.at(step.segment);
  }
  [[nodiscard]] std::unique_ptr<ReaderEnd>& reader(const Step& step) {
    return readers_.at(step.segment);
  }
  [[nodiscard]] HaltingBuffer& buffer() { return buffer_; }
  void close_everything();
  /// For a forked child: the driver must not take it for the actor.
  void leave_socket();

  /// Reads with this end into `reply`, and checks that the value is whole.
  void read(ReaderEnd& reader, Reply& reply);

 private:
  int socket_;
  Domain domain_;
  unsigned number_;
  HaltingBuffer buffer_;
  std::vector<std::unique_ptr<WriterEnd>> writers_;
  std::vector<std::unique_ptr<ReaderEnd>> readers_;
};

/// Sets the outcome, and the message of an error.
template <class T, class E>
void report(Reply& reply, const tl::expected<T, E>& result) {
  if (result) {
    reply.outcome = "ok";
  } else if constexpr (std::is_same_v<E, Error>) {
    reply.outcome = to_string(result.error().code);
    reply.text = result.error().message;
  } else {
    reply.outcome = to_string(result.error());
  }
}

}  // namespace evo::test::lifecycle
