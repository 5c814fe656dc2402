#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "repair/snapshot.hpp"

namespace evo::tools {

namespace {

/// Zero, or the errno of what failed.
int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  // A full disk may show only here.
  return ::fsync(fd) == 0 || errno == EINVAL || errno == EROFS ? 0 : errno;
}

}  // namespace

Result<void> replace_file(const std::string& path, std::string_view text) {
  const std::string beside = fmt::format("{}.{}.new", path, ::getpid());
  const int fd = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) return detail::fail_errno(errno, fmt::format("cannot make '{}'", beside));
  int error = write_all(fd, text);
  if (::close(fd) != 0 && error == 0) error = errno;
  if (error == 0 && ::rename(beside.c_str(), path.c_str()) == 0) return {};
  if (error == 0) error = errno;
  ::unlink(beside.c_str());
  return detail::fail_errno(error, fmt::format("cannot write '{}'; the one that was there is as "
                                               "it was",
                                               path));
}

}  // namespace evo::tools
