/// Keeps a forked child from being a second writer or reader.
///
/// Open-file-description locks are shared with children, so a child that outlives its
/// parent would keep a dead writer "alive". A pthread_atfork handler therefore closes
/// the guarded descriptors in the child, and puts zero pages where the mappings were
/// (they are not inherited): an inherited writer finds another incarnation there and
/// reports Fenced, an inherited reader another generation and reports Detached.
/// Children made by vfork or posix_spawn run no handler; O_CLOEXEC covers them.
///
/// I1: a descriptor is guarded from its open() to its close(): both happen while forks
///     are held off, so no child ever inherits a lock.
#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <utility>

#include "file.hpp"

namespace evo::detail {

/// While it lives, no other thread's fork() goes ahead. Hold it around open() and the
/// making of the guard.
class ForkPause {
 public:
  ForkPause();

 private:
  std::unique_lock<std::mutex> lock_;
};

/// Owns a descriptor that may hold locks. Its end frees them, even if a child that was
/// spawned at that moment still has the descriptor; a forked child's copy owns nothing.
class GuardedDescriptor {
 public:
  GuardedDescriptor() = default;
  GuardedDescriptor(FileDescriptor fd, const ForkPause& held);
  GuardedDescriptor(GuardedDescriptor&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), id_(std::exchange(other.id_, 0)), life_(other.life_) {}
  GuardedDescriptor& operator=(GuardedDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(id_, other.id_);
    std::swap(life_, other.life_);
    return *this;
  }
  ~GuardedDescriptor();

  [[nodiscard]] int get() const noexcept { return fd_; }

  /// Zero pages come in place of these mappings in a forked child.
  void blank_in_children(std::span<std::byte> control, std::span<std::byte> data);

  /// Whether this is a forked child's copy.
  [[nodiscard]] bool in_forked_child() const noexcept;

 private:
  int fd_ = -1;
  std::uint64_t id_ = 0;
  std::uint64_t life_ = 0;
};

}  // namespace evo::detail
