// SPDX-License-Identifier: Apache-2.0
/// A server that hands out its connections, for example one to each thread.
#pragma once

#include <memory>

#include "evo/links/link_connection.hpp"

namespace evo {

namespace links {
class ServerSide;
}

class LinkListener {
 public:
  /// Starts the server of a link; there is one at a time. SegmentBusy names the other one. The
  /// other errors are those of a segment's writer.
  static Result<LinkListener> create(const LinkDescription& link,
                                     const WriterOptions& options = {});
  LinkListener(LinkListener&&) noexcept;
  LinkListener& operator=(LinkListener&&) noexcept;
  /// The link closes when the listener and all of its connections have been destroyed.
  ~LinkListener();

  /// Waits for the next client. Timeout, or Closed after stop(). Keep calling it: it also makes
  /// connections free again whose clients have gone.
  LinkResult<LinkConnection> accept(std::chrono::nanoseconds timeout = LinkConnection::kForever);

  /// Ends the accept() that waits, and all later ones. For any thread, and signal handlers.
  void stop() noexcept;

 private:
  struct State;
  explicit LinkListener(detail::Owned<State> state) noexcept;

  detail::Owned<State> state_;
};

}  // namespace evo
