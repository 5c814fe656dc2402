#include "stub/lines.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace evo::tools {

namespace {

/// Also a line that ends as on Windows.
std::string without_return(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return std::string(line);
}

}  // namespace

Result<std::optional<std::string>> TextLines::next() {
  if (rest_.empty()) return std::nullopt;
  const std::size_t end = std::min(rest_.find('\n'), rest_.size());
  std::string line = without_return(rest_.substr(0, end));
  rest_.remove_prefix(std::min(end + 1, rest_.size()));
  return line;
}

PipeLines::~PipeLines() {
  if (fd_ != STDIN_FILENO) ::close(fd_);
}

Result<std::optional<std::string>> PipeLines::next() {
  while (true) {
    const std::size_t end = read_.find('\n', searched_);
    if (end != std::string::npos || (at_end_ && !read_.empty())) {
      std::string line = without_return(std::string_view(read_).substr(0, end));
      read_.erase(0, end == std::string::npos ? end : end + 1);
      searched_ = 0;
      return line;
    }
    if (at_end_) return std::nullopt;
    searched_ = read_.size();
    if (stop_.wait_until(end_ns_, fd_) != Wake::Input) return std::nullopt;
    std::array<char, 65536> part;
    const ssize_t count = ::read(fd_, part.data(), part.size());
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count < 0) return detail::fail_errno(errno, "cannot read the rows");
    at_end_ = count == 0;
    read_.append(part.data(), static_cast<std::size_t>(count));
  }
}

}  // namespace evo::tools
