// SPDX-License-Identifier: Apache-2.0
#include "system/file.hpp"

#include <fcntl.h>
#include <grp.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <vector>

#include "evo/format.hpp"
#include "system/domain_checks.hpp"

namespace evo::detail {

namespace {

bool in_our_groups(gid_t gid) {
  if (gid == ::getegid()) return true;
  std::vector<gid_t> groups(static_cast<std::size_t>(std::max(0, ::getgroups(0, nullptr))));
  const int count = ::getgroups(static_cast<int>(groups.size()), groups.data());
  return count > 0 &&
         std::find(groups.begin(), groups.begin() + count, gid) != groups.begin() + count;
}

enum class Owner : std::uint8_t { Trusted, Replaceable, Foreign };

Owner judge_owner(const Domain& domain, const struct stat& file, const Trust& trust) {
  if (file.st_uid == ::geteuid() || is_trusted_by_all(domain, file.st_uid)) return Owner::Trusted;
  if (is_user_domain(domain)) return Owner::Foreign;                                        // D6
  if (trust.access != Access::Group || !in_our_groups(file.st_gid)) return Owner::Foreign;  // D7
  if (trust.only_owner && *trust.only_owner != file.st_uid) return Owner::Foreign;          // D8
  struct stat directory {};
  const bool known = ::stat(domain.path().c_str(), &directory) == 0;
  const bool others_write = (directory.st_mode & 0022U) != 0;
  const bool sticky = (directory.st_mode & S_ISVTX) != 0;
  return known && (!others_write || sticky) ? Owner::Trusted : Owner::Replaceable;
}

tl::unexpected<Error> fail_open(int error, const std::string& path) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return make_error(ErrorCode::NotFound, "'{}' does not exist; start its writer", path);
    case ELOOP:
      return make_error(
          ErrorCode::Corrupt,
          "'{}' is a symbolic link, not a segment's file; find out what created it, and "
          "remove it",
          path);
    case ENXIO:
    case EISDIR:
      return make_error(ErrorCode::Corrupt,
                        "'{}' is not a regular file; find out what created it, and remove it",
                        path);
    default:
      return make_system_error(error, fmt::format("cannot open '{}'", path), path);
  }
}

/// Checked first, because a write beyond the limit raises SIGXFSZ.
Result<void> check_file_size_limit(std::uint64_t size) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
      size <= limit.rlim_cur) {
    return {};
  }
  return make_error(
      ErrorCode::ResourceExhausted,
      "a file of {} bytes exceeds this process's limit of {} bytes; raise it (ulimit -f)", size,
      limit.rlim_cur);
}

/// A new name each time. It may still be taken: by a process that had the same PID, in an earlier
/// life of this container or in another PID namespace.
std::string temporary_name(const std::string& directory) {
  static std::atomic<unsigned> counter{0};
  // relaxed: only uniqueness matters; there is no partner.
  return fmt::format("{}/.evo_{}_{}.tmp", directory, ::getpid(),
                     counter.fetch_add(1, std::memory_order_relaxed));
}

}  // namespace

Result<OpenedFile> open_checked(const Domain& domain, const std::string& path, const Trust& trust) {
  return open_checked_at(AT_FDCWD, path, domain, trust);
}

Result<OpenedFile> open_checked_at(int directory, const std::string& name, const Domain& domain,
                                   const Trust& trust) {
  OpenedFile file;
  file.fd = FileDescriptor(::openat(directory, name.c_str(),
                                    trust.flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  const int error = errno;
  // `operator/` drops the domain if the name is absolute.
  const auto path = [&] { return domain.path() + "/" + std::string(name); };
  if (!file.fd.valid()) return fail_open(error, path());
  struct stat status {};
  if (::fstat(file.fd.get(), &status) != 0) {
    return make_system_error(errno, fmt::format("cannot inspect '{}'", path()), path());
  }
  if (!S_ISREG(status.st_mode)) return fail_open(ENXIO, path());  // D9
  const Owner owner = judge_owner(domain, status, trust);
  // D10
  if (owner == Owner::Replaceable) {
    return make_error(
        ErrorCode::PermissionDenied,
        "'{}' belongs to user {}, and every user who may write to '{}' can replace it; set "
        "the directory's sticky bit (chmod +t)",
        path(), status.st_uid, domain.path());
  }
  // D11
  if (owner == Owner::Foreign) {
    return make_error(
        ErrorCode::PermissionDenied,
        "'{}' belongs to user {}, which is neither this user ({}) nor root nor the owner of "
        "the domain; remove it, use another domain, or declare the segment with access: "
        "group",
        path(), status.st_uid, ::geteuid());
  }
  // D12
  if ((status.st_mode & 07777U & ~trust.allowed_mode) != 0) {
    return make_error(ErrorCode::PermissionDenied,
                      "'{}' has mode {:04o}, which grants more than {:04o}; correct it with chmod, "
                      "or remove the file",
                      path(), status.st_mode & 07777U, trust.allowed_mode);
  }
  file.size = static_cast<std::uint64_t>(status.st_size);
  file.device = status.st_dev;
  file.inode = status.st_ino;
  file.uid = status.st_uid;
  file.allocated = static_cast<std::uint64_t>(status.st_blocks) * 512;
  file.mode = status.st_mode & 07777U;
  return file;
}

Result<UnnamedFile> UnnamedFile::make(const Domain& domain, std::uint64_t size, mode_t mode) {
  const std::string& directory = domain.path();
  UnnamedFile file;
  if (const int error = file.open(directory, mode); error != 0) {
    return make_system_error(error, fmt::format("cannot create a file in '{}'", directory),
                             directory);
  }
  // The umask may have cleared bits.
  if (::fchmod(file.fd_.get(), mode) != 0) {
    return make_system_error(errno, fmt::format("cannot set the mode of a file in '{}'", directory),
                             directory);
  }
  if (size != 0) {
    if (auto allocated = allocate_file(file.fd_.get(), size, directory); !allocated) {
      return tl::unexpected(allocated.error());
    }
  }
  return file;
}

int UnnamedFile::open(const std::string& directory, mode_t mode) {
  const ForkPause held;
  FileDescriptor fd;
  // Linking it needs /proc, which a container may lack.
  const bool nameable = ::access("/proc/self/fd", F_OK) == 0;
  if (nameable) {
    fd = FileDescriptor(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, mode));
  }
  if (!fd.valid() && (!nameable || errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
    do {
      temporary_ = temporary_name(directory);
      fd = FileDescriptor(
          ::open(temporary_.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, mode));
    } while (!fd.valid() && errno == EEXIST);
  }
  if (!fd.valid()) return errno;
  fd_ = GuardedDescriptor(std::move(fd), held);
  return 0;
}

UnnamedFile::~UnnamedFile() {
  // The mapping holds the lock of a data file.
  fd_.close_keeping_locks();
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Result<void> UnnamedFile::link(const std::string& path) {
  const std::string self =
      temporary_.empty() ? fmt::format("/proc/self/fd/{}", fd_.get()) : temporary_;
  if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0) return {};
  if (errno == EEXIST) {
    return make_error(ErrorCode::AlreadyExists, "'{}' exists already; remove it", path);
  }
  return make_system_error(errno, fmt::format("cannot name the new file '{}'", path), path);
}

bool is_trusted_by_all(const Domain& domain, uid_t uid) {
  if (uid == 0) return true;
  // Another user may have created the directory first.
  if (is_user_domain(domain)) return false;
  struct stat directory {};
  return ::stat(domain.path().c_str(), &directory) == 0 && directory.st_uid == uid;
}

bool is_named(const std::string& path, std::uint64_t device, std::uint64_t inode) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && status.st_dev == device && status.st_ino == inode;
}

std::string read_text(const char* path) {
  const FileDescriptor fd(::open(path, O_RDONLY | O_CLOEXEC));
  std::array<char, 4096> buffer;
  const ssize_t length = fd.valid() ? ::read(fd.get(), buffer.data(), buffer.size()) : 0;
  return {buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(0, length))};
}

Result<void> replace_text(const Domain& domain, const std::string& path, mode_t mode,
                          std::string_view text) {
  if (auto allowed = check_file_size_limit(text.size()); !allowed) return allowed;
  auto file = UnnamedFile::make(domain, 0, mode);
  if (!file) return tl::unexpected(file.error());
  while (!text.empty()) {
    const ssize_t written = ::write(file->fd(), text.data(), text.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return make_system_error(errno, fmt::format("cannot write '{}'", path), path);
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  // Always the same name, so that the next call removes what a process that died here left behind.
  const std::string temporary = unfinished_path(path);
  if (::unlink(temporary.c_str()) != 0 && errno != ENOENT) {
    return make_system_error(
        errno, fmt::format("cannot remove '{}', which is in the way", temporary), temporary);
  }
  if (auto linked = file->link(temporary); !linked) return linked;
  if (::rename(temporary.c_str(), path.c_str()) == 0) return {};
  const int error = errno;
  ::unlink(temporary.c_str());
  return make_system_error(error, fmt::format("cannot replace '{}'", path), path);
}

Result<void> resize_file(int fd, std::uint64_t size, const std::string& directory) {
  if (auto allowed = check_file_size_limit(size); !allowed) return allowed;
  if (::ftruncate(fd, static_cast<off_t>(size)) == 0) return {};
  return make_system_error(
      errno, fmt::format("cannot make a file of {} bytes in '{}'", size, directory), directory);
}

Result<void> allocate_range(int fd, std::uint64_t offset, std::uint64_t size,
                            const std::string& directory) {
  if (auto allowed = check_file_size_limit(offset + size); !allowed) return allowed;
  // On older kernels, tmpfs gives up on any pending signal and frees what it has allocated. Under a
  // timer that fires faster than the allocation runs (a profiler's), a single call never succeeds.
  // So each interruption makes the steps smaller, and completed steps stay allocated.
  constexpr int kMostInterruptions = 100;  // without progress
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  std::uint64_t done = 0;
  std::uint64_t step = size;
  int interruptions = 0;
  while (done < size) {
    const std::uint64_t length = std::min(step, size - done);
    const int error =
        ::posix_fallocate(fd, static_cast<off_t>(offset + done), static_cast<off_t>(length));
    if (error == 0) {
      done += length;
      step = 2 * length;
      interruptions = 0;
    } else if (error != EINTR) {
      return make_system_error(error,
                               fmt::format("cannot allocate {} bytes in '{}'", size, directory));
    } else if (++interruptions == kMostInterruptions) {
      return make_error(
          ErrorCode::Io,
          "cannot allocate {} bytes in '{}': signals interrupted it {} times in a row, the "
          "last time at {} bytes; block them in this thread while it creates segments",
          size, directory, interruptions, done);
    } else {
      step = std::max(page, length / 2 / page * page);
    }
  }
  return {};
}

}  // namespace evo::detail

namespace evo {

Result<void> allocate_file(int fd, std::uint64_t size, const std::string& directory) {
  return detail::allocate_range(fd, 0, size, directory);
}

}  // namespace evo
