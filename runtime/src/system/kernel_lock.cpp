// SPDX-License-Identifier: Apache-2.0
#include "system/kernel_lock.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "evo/format.hpp"

namespace evo::detail {

namespace {

struct flock range(short type, std::uint64_t byte, std::uint64_t count) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = static_cast<off_t>(byte);
  lock.l_len = static_cast<off_t>(count);
  return lock;
}

}  // namespace

Result<bool> try_lock(int fd, std::uint64_t byte) {
  struct flock lock = range(F_WRLCK, byte, 1);
  if (::fcntl(fd, F_OFD_SETLK, &lock) == 0) return true;
  if (errno == EAGAIN || errno == EACCES) return false;
  if (errno == EINVAL || errno == ENOSYS) {
    return make_error(
        ErrorCode::Unsupported,
        "this file system has no open-file-description locks; choose a domain on tmpfs");
  }
  return make_system_error(errno, "cannot lock the control file");
}

bool lock_quietly(int fd, std::uint64_t byte, std::uint64_t count) noexcept {
  struct flock lock = range(F_WRLCK, byte, count);
  return ::fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

void unlock(int fd, std::uint64_t byte, std::uint64_t count) noexcept {
  struct flock lock = range(F_UNLCK, byte, count);
  ::fcntl(fd, F_OFD_SETLK, &lock);
}

void unlock_all(int fd) noexcept {
  struct flock lock = range(F_UNLCK, 0, 0);  // to the end of the file
  ::fcntl(fd, F_OFD_SETLK, &lock);
}

bool is_locked(int fd, std::uint64_t byte, std::uint64_t count) noexcept {
  return find_lock(fd, byte, count).has_value();
}

std::optional<HeldLock> find_lock(int fd, std::uint64_t byte, std::uint64_t count) noexcept {
  struct flock lock = range(F_WRLCK, byte, count);
  if (::fcntl(fd, F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) return std::nullopt;
  const auto first = static_cast<std::uint64_t>(lock.l_start);
  // A length of zero means that the lock has no end.
  const auto length = static_cast<std::uint64_t>(lock.l_len);
  return HeldLock{first, length == 0 ? byte + count : first + length};
}

}  // namespace evo::detail
