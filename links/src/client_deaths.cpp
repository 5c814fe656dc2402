// SPDX-License-Identifier: Apache-2.0
#include "client_deaths.hpp"

#include <sys/syscall.h>
#include <unistd.h>

namespace evo::links {

Result<std::unique_ptr<ClientDeaths>> ClientDeaths::start(std::function<void()> ring) {
  auto watch = detail::DescriptorWatch::start(std::move(ring));
  if (!watch) return tl::unexpected(watch.error());
  return std::unique_ptr<ClientDeaths>(new ClientDeaths(std::move(*watch)));
}

bool ClientDeaths::add(std::uint32_t connection, std::uint32_t pid) {
  // A program has other uses for its descriptors. The other clients' locks are looked at in turn.
  constexpr std::size_t kMostProcesses = 256;
  if (processes_.size() >= kMostProcesses && !processes_.contains(pid)) return false;
  Process& process = processes_[pid];
  process.connections.push_back(connection);
  if (process.fd.valid()) return true;
  process.fd = detail::FileDescriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (process.fd.valid() && watch_->add(process.fd.get(), pid)) return true;
  processes_.erase(pid);
  return false;
}

void ClientDeaths::remove(std::uint32_t connection) noexcept {
  for (auto& [pid, process] : processes_) {
    if (std::erase(process.connections, connection) == 0) continue;
    if (!process.connections.empty()) return;
    static_cast<void>(take(pid));
    return;
  }
}

std::vector<std::uint32_t> ClientDeaths::take(std::uint32_t pid) {
  const auto found = processes_.find(pid);
  if (found == processes_.end()) return {};
  watch_->remove(found->second.fd.get());
  std::vector<std::uint32_t> connections = std::move(found->second.connections);
  processes_.erase(found);
  return connections;
}

}  // namespace evo::links
