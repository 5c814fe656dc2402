// SPDX-License-Identifier: Apache-2.0
/// A server's end of one connection, in any thread.
#pragma once

#include "connection.hpp"
#include "server_side.hpp"

namespace evo::links {

class ServerConnection final : public Connection {
 public:
  /// For a connection that has just become Served. `watcher`: who looks at its requests.
  ServerConnection(std::shared_ptr<ServerSide> side, std::uint32_t index, WatchedBy watcher);
  ~ServerConnection() override;

 private:
  void notify() noexcept override;
  void sleep(std::uint64_t until_ns) noexcept override;
  std::optional<LinkError> find_end() noexcept override { return side_->find_end(index()); }
  bool is_final() noexcept override { return true; }
  void close() noexcept override;

  std::shared_ptr<ServerSide> side_;
};

}  // namespace evo::links
