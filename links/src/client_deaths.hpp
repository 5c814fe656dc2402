// SPDX-License-Identifier: Apache-2.0
/// Wakes a server as soon as the process of one of its clients ends.
///
/// The kernel's lock on a client's entry says whether it is alive, but nothing tells when it is
/// freed. The end of a process does, by a pidfd. A PID may be that of another PID namespace, so
/// this only says where to look.
#pragma once

#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "system/descriptor_watch.hpp"
#include "system/file_descriptor.hpp"

namespace evo::links {

class ClientDeaths {
 public:
  /// `ring` is called by a helper thread when a process has ended, once after each arm().
  static Result<std::unique_ptr<ClientDeaths>> start(std::function<void()> ring);

  /// False if the kernel will not say it.
  bool add(std::uint32_t connection, std::uint32_t pid);
  void remove(std::uint32_t connection) noexcept;
  void arm() noexcept { watch_->arm(); }

  /// Calls `look_at(connection)` for each connection of the processes that have ended, once.
  template <class LookAt>
  void look(LookAt&& look_at);

 private:
  struct Process {
    detail::FileDescriptor fd;
    std::vector<std::uint32_t> connections;
  };

  explicit ClientDeaths(std::unique_ptr<detail::DescriptorWatch> watch) noexcept
      : watch_(std::move(watch)) {}
  std::vector<std::uint32_t> take(std::uint32_t pid);

  std::unique_ptr<detail::DescriptorWatch> watch_;
  std::unordered_map<std::uint32_t, Process> processes_;  // by PID
};

template <class LookAt>
void ClientDeaths::look(LookAt&& look_at) {
  std::vector<std::uint32_t> ended;
  for (const epoll_event& event : watch_->look()) {
    ended.push_back(static_cast<std::uint32_t>(event.data.u64));
  }
  for (const std::uint32_t pid : ended) {
    for (const std::uint32_t connection : take(pid)) look_at(connection);
  }
}

}  // namespace evo::links
