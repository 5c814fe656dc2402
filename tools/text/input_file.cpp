// SPDX-License-Identifier: Apache-2.0
#include "text/input_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>

#include "evo/format.hpp"
#include "text/file_error.hpp"
#include "text/held_signals.hpp"

namespace evo::tools {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPartSize = std::size_t{64} << 10;

/// A temporary file that is already unlinked.
Result<Descriptor> nameless_file() {
  std::error_code none;
  fs::path directory = fs::temp_directory_path(none);
  if (none) directory = "/tmp";
  std::string name = directory / "evo-shm-XXXXXX";
  const HeldSignals until_it_has_no_name;
  Descriptor file(::mkostemp(name.data(), O_CLOEXEC));
  if (!file) return cannot_write(errno, name);
  ::unlink(name.c_str());
  return file;
}

}  // namespace

Result<Descriptor> open_input(const fs::path& path) {
  const bool standard = path == "-";
  Descriptor file(standard ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                           : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (file) return file;
  if (errno == ENOENT) {
    return make_error(ErrorCode::NotFound, "cannot read '{}': no such file; name one that exists",
                      path.string());
  }
  return cannot_read(errno, path);
}

Result<InputFile> InputFile::open(const fs::path& path) {
  auto file = open_input(path);
  if (!file) return tl::unexpected(file.error());
  struct stat status {};
  if (::fstat(file->get(), &status) != 0) return cannot_read(errno, path);
  const bool regular = S_ISREG(status.st_mode);
  // Part of standard input may have been read already.
  const off_t position = regular ? ::lseek(file->get(), 0, SEEK_CUR) : 0;
  return InputFile(std::move(*file), path, regular,
                   static_cast<std::uint64_t>(std::max<off_t>(position, 0)));
}

InputFile::InputFile(Descriptor file, fs::path path, bool regular, std::uint64_t position)
    : file_(std::move(file)),
      path_(std::move(path)),
      regular_(regular),
      position_(position),
      part_(kPartSize) {}

void InputFile::seek(std::uint64_t position) noexcept {
  position_ = position;
  taken_ = filled_ = 0;
}

tl::unexpected<Error> InputFile::unfit(std::string_view what) const {
  return make_error(ErrorCode::Corrupt, "line {} {}", line_number_, what);
}

Result<std::optional<std::string_view>> InputFile::next(std::size_t most) {
  line_.clear();
  ++line_number_;
  for (bool begun = false;; begun = true) {
    if (ahead().empty()) {
      if (auto filled = fill(); !filled) return tl::unexpected(filled.error());
    }
    if (ahead().empty()) {
      if (begun) return unfit("does not end in a newline");
      return std::optional<std::string_view>();
    }
    const std::size_t end = ahead().find('\n');
    const std::string_view piece = ahead().substr(0, end);
    if (auto appended = append(piece, most); !appended) return tl::unexpected(appended.error());
    taken_ += piece.size();
    if (end == std::string_view::npos) continue;
    ++taken_;
    return std::optional<std::string_view>(line_);
  }
}

Result<void> InputFile::append(std::string_view piece, std::size_t most) {
  // Checked first, so that a file full of zeros is rejected immediately, whatever its length.
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20; };
  if (std::ranges::any_of(piece, is_control)) return unfit("is not text");
  const std::size_t size = line_.size() + piece.size();
  if (size > most) return unfit("is too long");
  // Doubled as usual, but never beyond the limit of a line.
  if (size > line_.capacity()) line_.reserve(std::min(most, std::max(size, 2 * line_.size())));
  line_ += piece;
  return {};
}

Result<void> InputFile::fill() {
  taken_ = filled_ = 0;
  if (!regular_ && position_ == spooled_) {
    const auto count = read_from_stream();
    if (!count) return tl::unexpected(count.error());
    filled_ = *count;
  } else {
    const int from = regular_ ? file_.get() : spool_.get();
    ssize_t count = 0;
    do {
      count = ::pread(from, part_.data(), part_.size(), static_cast<off_t>(position_));
    } while (count < 0 && errno == EINTR);
    if (count < 0) return cannot_read(errno, path_);
    filled_ = static_cast<std::size_t>(count);
  }
  position_ += filled_;
  return {};
}

Result<std::size_t> InputFile::read_from_stream() {
  ssize_t count = 0;
  do {
    count = ::read(file_.get(), part_.data(), part_.size());
  } while (count < 0 && errno == EINTR);
  if (count < 0) return cannot_read(errno, path_);
  const auto size = static_cast<std::size_t>(count);
  if (size > 0 && !spool_) {
    auto file = nameless_file();
    if (!file) return tl::unexpected(file.error());
    spool_ = std::move(*file);
  }
  for (std::size_t done = 0; done < size;) {
    const ssize_t written = ::write(spool_.get(), part_.data() + done, size - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      return cannot_write(errno, "the temporary copy of '" + path_.string() + "'");
    }
    done += static_cast<std::size_t>(written);
  }
  spooled_ += size;
  return size;
}

}  // namespace evo::tools
