// SPDX-License-Identifier: Apache-2.0
#include "text/output_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <cstdint>
#include <cstdio>

#include "evo/format.hpp"
#include "text/file_error.hpp"
#include "text/output_place.hpp"

namespace evo::tools {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBufferSize = std::size_t{64} << 10;
constexpr mode_t kPermissions = S_IRWXU | S_IRWXG | S_IRWXO;

Result<void> check_names(const struct stat& present, const fs::path& path) {
  if (present.st_nlink <= 1) return {};
  return cannot_write(ErrorCode::Io, path,
                      fmt::format("the file has {} names (hard links), and the others would keep "
                                  "the old content; remove this name first, or name another file",
                                  present.st_nlink));
}

/// Gives the new file the owner and the mode of the one that it replaces. Returns zero, or the
/// errno.
int adopt(int file, const struct stat& present) {
  mode_t mode = present.st_mode & kPermissions;
  if (::fchown(file, present.st_uid, present.st_gid) != 0 &&
      ::fchown(file, static_cast<uid_t>(-1), present.st_gid) != 0) {
    // The group permissions were meant for that group, not for this user's.
    mode &= ~static_cast<mode_t>(S_IRWXG);
  }
  return ::fchmod(file, mode) == 0 ? 0 : errno;
}

std::string random_name() {
  std::uint64_t number = 0;
  // Without random numbers a second attempt finds another name or fails.
  [[maybe_unused]] const ssize_t count = ::getrandom(&number, sizeof number, 0);
  return fmt::format(".evo-shm-{:016x}", number);
}

}  // namespace

Result<OutputFile> OutputFile::open(const fs::path& path, mode_t mode) {
  if (is_standard_output(path)) {
    std::fflush(stdout);
    return in_place(path, ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0));
  }
  auto place = find_output_place(path);
  if (!place) return tl::unexpected(place.error());
  const int directory = place->directory.get();
  const auto& present = place->present;
  constexpr int kFlags = O_WRONLY | O_CLOEXEC | O_NOCTTY;
  if (place->kernel_link) {
    return in_place(path, ::openat(directory, place->name.c_str(), kFlags | O_TRUNC));
  }
  if (present && !S_ISREG(present->st_mode)) {
    return in_place(path, ::openat(directory, place->name.c_str(), kFlags | O_NOFOLLOW));
  }
  if (present) {
    if (auto single = check_names(*present, path); !single) return tl::unexpected(single.error());
  }
  OutputFile file;
  file.path_ = path;
  file.directory_ = std::move(place->directory);
  file.name_ = std::move(place->name);
  // Accessible to this user only, until it has the owner that the mode is meant for.
  if (auto made = file.make_temporary(present ? 0600 : mode); !made) {
    return tl::unexpected(made.error());
  }
  if (present) {
    if (const int error = adopt(file.file_.get(), *present); error != 0) {
      return cannot_write(error, path);
    }
  }
  return file;
}

Result<OutputFile> OutputFile::in_place(fs::path path, int fd) {
  if (fd < 0) return cannot_write(errno, path);
  OutputFile file;
  file.path_ = std::move(path);
  file.file_ = Descriptor(fd);
  return file;
}

Result<void> OutputFile::make_temporary(mode_t mode) {
  signals_ = std::make_unique<HeldSignals>();
  constexpr int kMostTries = 100;
  for (int tries = 0; tries < kMostTries; ++tries) {
    std::string name = random_name();
    file_ = Descriptor(::openat(directory_.get(), name.c_str(),
                                O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
    if (file_) {
      temporary_ = std::move(name);
      return {};
    }
    if (errno != EEXIST) break;
  }
  return cannot_write(errno, path_);
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)),
      directory_(std::move(other.directory_)),
      name_(std::move(other.name_)),
      temporary_(std::exchange(other.temporary_, {})),
      signals_(std::move(other.signals_)),
      file_(std::move(other.file_)),
      buffer_(std::move(other.buffer_)) {}

OutputFile::~OutputFile() {
  remove_temporary();
}

void OutputFile::remove_temporary() noexcept {
  if (!temporary_.empty()) ::unlinkat(directory_.get(), temporary_.c_str(), 0);
  temporary_.clear();
}

Result<void> OutputFile::write(std::string_view text) {
  if (buffer_.size() + text.size() < kBufferSize) {
    buffer_ += text;
    return {};
  }
  if (auto written = write_through(buffer_); !written) return written;
  buffer_.clear();
  if (text.size() >= kBufferSize) return write_through(text);
  buffer_ = text;
  return {};
}

Result<void> OutputFile::write_through(std::string_view text) {
  while (!text.empty()) {
    if (signals_ && signals_->pending()) {
      return cannot_write(ErrorCode::Io, path_, "interrupted; nothing was changed");
    }
    const ssize_t count = ::write(file_.get(), text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return cannot_write(errno, path_);
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> OutputFile::commit() {
  auto written = write_through(buffer_);
  buffer_.clear();
  // A full disk may show only here; errors from files without a disk are ignored.
  int error = 0;
  if (written && ::fsync(file_.get()) != 0 && errno != EINVAL && errno != EROFS) error = errno;
  if (const int closing = file_.close(); error == 0) error = closing;
  if (written && error == 0 && !temporary_.empty()) {
    if (::renameat(directory_.get(), temporary_.c_str(), directory_.get(), name_.c_str()) == 0) {
      temporary_.clear();
    } else {
      error = errno;
    }
  }
  remove_temporary();
  signals_.reset();
  if (written && error != 0) return cannot_write(error, path_);
  return written;
}

bool is_standard_output(const fs::path& path) {
  if (path == "-") return true;
  struct stat named {};
  struct stat standard {};
  return ::stat(path.c_str(), &named) == 0 && ::fstat(STDOUT_FILENO, &standard) == 0 &&
         named.st_dev == standard.st_dev && named.st_ino == standard.st_ino;
}

}  // namespace evo::tools
