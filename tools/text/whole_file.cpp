#include "text/whole_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace evo::tools {

namespace {

/// Writes all and closes; false with errno if it did not work.
bool write_and_close(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(file, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const int reason = errno;
      ::close(file);
      errno = reason;
      return false;
    }
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return ::close(file) == 0;
}

}  // namespace

Result<void> write_whole_file(const std::filesystem::path& path, std::string_view text) {
  const auto failed = [&] {
    return detail::fail_errno(
        errno, fmt::format("cannot write '{}' (name a file in a directory that is there, and that "
                           "this user may write to)",
                           path.string()));
  };
  std::string beside = path.string() + ".XXXXXX";
  const int file = ::mkostemp(beside.data(), O_CLOEXEC);
  if (file < 0) return failed();
  // As any new file; mkostemp makes it for its user alone.
  const mode_t mask = ::umask(0);
  ::umask(mask);
  const bool readable = ::fchmod(file, 0666 & ~mask) == 0;
  if (write_and_close(file, text) && readable && ::rename(beside.c_str(), path.c_str()) == 0) {
    return {};
  }
  const int reason = errno;
  ::unlink(beside.c_str());
  errno = reason;
  return failed();
}

}  // namespace evo::tools
