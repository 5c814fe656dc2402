// SPDX-License-Identifier: Apache-2.0
/// Keeps a forked child from becoming a second writer or reader.
///
/// Children share open-file-description locks, so a child that outlives its parent would keep a
/// dead writer "alive". Therefore a pthread_atfork handler closes the guarded descriptors in the
/// child. It also replaces each guarded mapping with zero pages in one step, so that no other fork
/// handler ever receives memory in its place: an inherited writer finds another incarnation there
/// and reports Fenced, an inherited reader finds another generation and reports Detached. Children
/// created by vfork or posix_spawn run no handler; O_CLOEXEC covers them.
///
/// I1: a descriptor is guarded from its open() to its close(). Both happen while forks are held
///     off, so no child ever inherits a lock.
/// I2: a mapping is guarded from its mmap() to its munmap(). Both happen while forks are held off,
///     so a child never gets zero pages where another mapping has been placed since.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "system/file_descriptor.hpp"

namespace evo::detail {

/// While this object exists, fork() in another thread blocks. Hold it around open() and the
/// creation of the guard. A thread may hold several.
class ForkPause {
 public:
  ForkPause();
  ForkPause(const ForkPause&) = delete;
  ForkPause& operator=(const ForkPause&) = delete;
  ~ForkPause();
};

/// A forked child gets zero pages in place of this mapping, until forget_mapping().
void guard_mapping(std::span<std::byte> mapping, const ForkPause& held);
void forget_mapping(std::span<std::byte> mapping, const ForkPause& held);

/// Identifies a file.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  bool operator==(const FileIdentity&) const = default;
};

/// Owns a descriptor that may hold locks. The destructor frees them, even if a child that was just
/// spawned still has the descriptor. A forked child's copy owns nothing.
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

  /// Closes the descriptor but keeps its locks: a mapping of the file holds them until it ends.
  void close_keeping_locks();

  /// Never touches the descriptor's number again: it refers to another file now.
  void abandon();

  [[nodiscard]] int get() const noexcept { return fd_; }

  /// Records that this descriptor holds the write lock on `byte`; nullopt: it is about to free it.
  void set_held_byte(std::optional<std::uint64_t> byte) noexcept { held_byte_ = byte; }

  /// Whether the descriptor still refers to this open file. A library may have closed all
  /// descriptors, and the number may have been reused for another file, or for the same file,
  /// opened by another endpoint.
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

/// Grows with each fork that led to this process. Objects that were created in an earlier life are
/// the parent's.
std::uint64_t process_life();

}  // namespace evo::detail
