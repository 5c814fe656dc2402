// SPDX-License-Identifier: Apache-2.0
#include "stub/lines.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "evo/format.hpp"

namespace evo::tools {

namespace {

using Piece = std::array<char, 65536>;

std::string_view text_in(const Piece& piece, ssize_t count) {
  return {piece.data(), static_cast<std::size_t>(count)};
}

}  // namespace

void LineCutter::add(std::string_view piece) {
  read_.erase(0, std::exchange(taken_, 0));
  searched_ = read_.size();
  read_ += piece;
  ended_ = piece.empty();
}

Result<std::optional<std::string>> LineCutter::next() {
  const std::string_view ahead = std::string_view(read_).substr(taken_);
  const std::size_t end = read_.find('\n', std::max(searched_, taken_));
  std::string_view line = ahead.substr(0, end == std::string::npos ? end : end - taken_);
  // Checked first, so that a binary file is rejected immediately, however long it is.
  if (line.find('\0') != std::string_view::npos) {
    return make_error(ErrorCode::InvalidSize, "it contains a zero byte; use a CSV file");
  }
  if (line.size() > kLongest) {
    return make_error(ErrorCode::InvalidSize, "it is longer than {} bytes", kLongest);
  }
  if (end == std::string::npos && (!ended_ || line.empty())) return std::nullopt;
  taken_ = end == std::string::npos ? read_.size() : end + 1;
  // Also accepts Windows line ends.
  if (line.ends_with('\r')) line.remove_suffix(1);
  return std::string(line);
}

Result<std::optional<std::string>> FileLines::next() {
  while (true) {
    auto line = cutter_.next();
    if (!line || *line || cutter_.at_end()) return line;
    Piece piece;
    const ssize_t count = ::pread(fd_, piece.data(), piece.size(), position_);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return make_system_error(errno, "cannot read the rows");
    position_ += count;
    cutter_.add(text_in(piece, count));
  }
}

Result<std::optional<std::string>> PipeLines::next() {
  while (true) {
    auto line = cutter_.next();
    if (!line || *line || cutter_.at_end()) return line;
    if (stop_.wait_until(end_ns_, fd_) != Wake::Input) return std::nullopt;
    Piece piece;
    const ssize_t count = ::read(fd_, piece.data(), piece.size());
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count < 0) return make_system_error(errno, "cannot read the rows");
    cutter_.add(text_in(piece, count));
  }
}

}  // namespace evo::tools
