/// Keeps a forked child from being a second writer or reader.
///
/// Open-file-description locks are shared with children, so a child that outlives its
/// parent would keep a dead writer "alive". A pthread_atfork handler therefore closes
/// the guarded descriptors in the child, and replaces the guarded mappings with zero pages in one
/// step, so that no other fork handler ever gets memory in their place: an inherited writer finds
/// another incarnation there and reports Fenced, an inherited reader another generation and reports
/// Detached. Children made by vfork or posix_spawn run no handler; O_CLOEXEC covers them.
///
/// I1: a descriptor is guarded from its open() to its close(): both happen while forks
///     are held off, so no child ever inherits a lock.
/// I2: a mapping is guarded from its mmap() to its munmap(), which happen while forks are held off,
///     too: a child never gets zero pages where another mapping has come since.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "system/file_descriptor.hpp"

namespace evo::detail {

/// While it lives, no other thread's fork() goes ahead. Hold it around open() and the
/// making of the guard. A thread may hold several.
class ForkPause {
 public:
  ForkPause();
  ForkPause(const ForkPause&) = delete;
  ForkPause& operator=(const ForkPause&) = delete;
  ~ForkPause();
};

/// Zero pages come in place of this mapping in a forked child, until it is forgotten.
void guard_mapping(std::span<std::byte> mapping, const ForkPause& held);
void forget_mapping(std::span<std::byte> mapping, const ForkPause& held);

/// What tells one file from all others.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  bool operator==(const FileIdentity&) const = default;
};

/// Owns a descriptor that may hold locks. Its end frees them, even if a child that was
/// spawned at that moment still has the descriptor; a forked child's copy owns nothing.
class GuardedDescriptor {
 public:
  GuardedDescriptor() = default;
  GuardedDescriptor(FileDescriptor fd, const ForkPause& held);
  GuardedDescriptor(GuardedDescriptor&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)),
        id_(std::exchange(other.id_, 0)),
        life_(other.life_),
        file_(other.file_),
        held_byte_(other.held_byte_) {}
  GuardedDescriptor& operator=(GuardedDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(id_, other.id_);
    std::swap(life_, other.life_);
    std::swap(file_, other.file_);
    std::swap(held_byte_, other.held_byte_);
    return *this;
  }
  ~GuardedDescriptor();

  /// Closes it, but leaves its locks to a mapping of the file, which holds them until its end.
  void close_keeping_locks();

  /// Leaves the descriptor's number alone from now on: it is another file's.
  void abandon();

  [[nodiscard]] int get() const noexcept { return fd_; }

  /// From now on it holds the write lock on this byte; nothing: it is about to free it.
  void set_held_byte(std::optional<std::uint64_t> byte) noexcept { held_byte_ = byte; }

  /// Whether the descriptor is still that of the open file: a library may have closed all
  /// descriptors, and another file may have got its number, or the same one that another endpoint
  /// has opened.
  [[nodiscard]] bool is_open() const noexcept;

  /// Whether this is a forked child's copy.
  [[nodiscard]] bool in_forked_child() const noexcept;

 private:
  /// False if there is nothing to close.
  bool forget();

  int fd_ = -1;
  std::uint64_t id_ = 0;
  std::uint64_t life_ = 0;
  FileIdentity file_;
  std::optional<std::uint64_t> held_byte_;
};

/// Grows with each fork that led to this process: what was made in another life is the parent's.
std::uint64_t process_life();

}  // namespace evo::detail
