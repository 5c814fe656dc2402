/// An owned file descriptor.
#pragma once

#include <utility>

namespace evo::detail {

/// Owns a file descriptor, which is none of the three standard ones: in a process that was started
/// without them, whatever is printed would go into the file.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  /// Leaves errno alone if `fd` is valid; if it has to be moved and cannot, it is not.
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
