#include "text/whole_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace evo::tools {

namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> fail_at_file(int error, std::string_view deed, const fs::path& path,
                                   std::string_view where) {
  const auto fail = [&](ErrorCode code, std::string_view advice) {
    return detail::fail(code, "cannot {} '{}': {}; {}", deed, path.string(), std::strerror(error),
                        advice);
  };
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return fail(ErrorCode::NotFound, fmt::format("name {} that is there", where));
    case EACCES:
    case EPERM:
      return fail(ErrorCode::PermissionDenied, fmt::format("name {} that is this user's", where));
    case EISDIR:
      return fail(ErrorCode::Io, "name a file");
    case ENOSPC:
    case EDQUOT:
      return fail(ErrorCode::NoSpace, "free space in its file system, or name a file elsewhere");
    default:
      return fail(ErrorCode::Io, "name a file elsewhere");
  }
}

tl::unexpected<Error> cannot_write(int error, const fs::path& path) {
  return fail_at_file(error, "write", path, "a file in a directory");
}

/// Zero, or the errno of what failed.
int write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(file, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return 0;
}

int write_and_close(int file, std::string_view text) {
  int error = write_all(file, text);
  // A full disk may show only here; what is no disk has nothing to say.
  if (error == 0 && ::fsync(file) != 0 && errno != EINVAL && errno != EROFS) error = errno;
  if (::close(file) != 0 && error == 0) error = errno;
  return error;
}

Result<void> write_in_place(const fs::path& path, std::string_view text) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
  const int error = file < 0 ? errno : write_and_close(file, text);
  if (error != 0) return cannot_write(error, path);
  return {};
}

/// Where the links lead, whether there is a file or not: that is what is replaced, so they stay.
fs::path without_links(fs::path path) {
  std::error_code none;
  // As many as the kernel follows; a circle was found out before.
  for (int links = 0; links < 40 && fs::is_symlink(path, none); ++links) {
    const fs::path target = fs::read_symlink(path, none);
    if (none) break;
    path = path.parent_path() / target;
  }
  return path;
}

Result<void> replace(const fs::path& path, std::string_view text, mode_t mode) {
  std::string beside = path.string() + ".XXXXXX";
  const int file = ::mkostemp(beside.data(), O_CLOEXEC);
  if (file < 0) return cannot_write(errno, path);
  const mode_t mask = ::umask(0);
  ::umask(mask);
  // mkostemp makes it for its user alone.
  int error = ::fchmod(file, mode & ~mask) == 0 ? 0 : errno;
  if (const int written = write_and_close(file, text); error == 0) error = written;
  if (error == 0 && ::rename(beside.c_str(), path.c_str()) != 0) error = errno;
  if (error == 0) return {};
  ::unlink(beside.c_str());
  return cannot_write(error, path);
}

}  // namespace

Result<std::string> read_whole_file(const fs::path& path) {
  const bool named = path != "-";
  const int file = named ? ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY) : STDIN_FILENO;
  if (file < 0 && errno == ENOENT) {
    return detail::fail(ErrorCode::NotFound,
                        "cannot read '{}': no such file; name one that is there", path.string());
  }
  if (file < 0) return fail_at_file(errno, "read", path, "a file");
  std::string text;
  std::array<char, 65536> part;
  ssize_t count = 0;
  do {
    count = ::read(file, part.data(), part.size());
    if (count > 0) text.append(part.data(), static_cast<std::size_t>(count));
  } while (count > 0 || (count < 0 && errno == EINTR));
  const int error = count < 0 ? errno : 0;
  if (named) ::close(file);
  if (error != 0) return fail_at_file(error, "read", path, "a file");
  return text;
}

Result<void> write_whole_file(const fs::path& path, std::string_view text, mode_t mode) {
  if (is_standard_output(path)) {
    std::fflush(stdout);
    if (const int error = write_all(STDOUT_FILENO, text); error != 0) {
      return cannot_write(error, path);
    }
    return {};
  }
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) {
    if (!S_ISREG(status.st_mode)) return write_in_place(path, text);
  } else if (errno != ENOENT) {
    return cannot_write(errno, path);
  }
  return replace(without_links(path), text, mode);
}

bool is_standard_output(const fs::path& path) {
  if (path == "-") return true;
  struct stat named {};
  struct stat standard {};
  return ::stat(path.c_str(), &named) == 0 && ::fstat(STDOUT_FILENO, &standard) == 0 &&
         named.st_dev == standard.st_dev && named.st_ino == standard.st_ino;
}

}  // namespace evo::tools
