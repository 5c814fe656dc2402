// SPDX-License-Identifier: Apache-2.0
/// Descriptors that a thread waits for while it sleeps on futex words, which poll(2) cannot do.
///
/// The thread itself looks which descriptors are ready. Before it sleeps it arms a helper thread,
/// which polls all of them at once, and rings when one becomes ready.
#pragma once

#include <sys/epoll.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "evo/error.hpp"
#include "system/file_descriptor.hpp"

namespace evo::detail {

class DescriptorWatch {
 public:
  /// `ring` is called by the helper thread. ResourceExhausted, Io.
  static Result<std::unique_ptr<DescriptorWatch>> start(std::function<void()> ring);
  DescriptorWatch(const DescriptorWatch&) = delete;
  DescriptorWatch& operator=(const DescriptorWatch&) = delete;
  ~DescriptorWatch();

  /// Unsupported: the descriptor is already watched, or cannot be polled, like that of a regular
  /// file. Io: it is not open.
  Result<void> add(int descriptor, std::uint64_t key);
  /// Also if it has been closed.
  void remove(int descriptor) noexcept;

  /// The keys of those that are ready. Valid until the next call. None in a forked child.
  [[nodiscard]] std::span<const epoll_event> look() noexcept;
  /// Rings once a descriptor is ready. No system call if it is already armed.
  void arm() noexcept;

 private:
  DescriptorWatch(std::function<void()> ring, FileDescriptor polled, FileDescriptor control);
  void run() noexcept;
  [[nodiscard]] bool in_forked_child() const noexcept;

  std::function<void()> ring_;
  FileDescriptor polled_;   // an epoll instance
  FileDescriptor control_;  // an eventfd: the helper has been armed, or is to end
  std::vector<epoll_event> ready_;
  std::atomic<bool> armed_{false};
  std::atomic<bool> ends_{false};
  std::uint64_t life_;
  // A forked child has no such thread, so its copy must not be destroyed.
  std::thread* helper_ = nullptr;
};

}  // namespace evo::detail
