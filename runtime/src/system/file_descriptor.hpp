// SPDX-License-Identifier: Apache-2.0
/// An owned file descriptor.
#pragma once

#include <utility>

namespace evo::detail {

/// Owns a file descriptor that is never one of the three standard ones: in a process that was
/// started without them, printed text would end up in the file.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  /// Keeps errno if `fd` is valid. If `fd` is a standard descriptor and cannot be moved, the result
  /// is invalid.
  explicit FileDescriptor(int fd) noexcept;
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileDescriptor();

  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] bool valid() const noexcept { return fd_ >= 0; }
  int release() noexcept { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

}  // namespace evo::detail
