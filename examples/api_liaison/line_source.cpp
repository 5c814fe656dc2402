// SPDX-License-Identifier: Apache-2.0
#include "api_liaison/line_source.hpp"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "common/stop_signal.hpp"

namespace evo::machine {

namespace {

/// A signal that arrives just before the wait is noticed after this time at the latest.
constexpr int kLookAroundMs = 100;

}  // namespace

std::optional<std::string> LineSource::next() {
  while (!stop_requested()) {
    if (auto line = take_line()) return line;
    if (ended_) return std::nullopt;
    pollfd input{descriptor_, POLLIN, 0};
    if (::poll(&input, 1, kLookAroundMs) <= 0) continue;
    std::array<char, 512> bytes;
    const ssize_t count = ::read(descriptor_, bytes.data(), bytes.size());
    if (count > 0) buffer_.append(bytes.data(), static_cast<std::size_t>(count));
    if (count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN)) ended_ = true;
  }
  return std::nullopt;
}

std::optional<std::string> LineSource::take_line() {
  const std::size_t end = buffer_.find('\n');
  if (end == std::string::npos) {
    if (!ended_ || buffer_.empty()) return std::nullopt;
    return std::exchange(buffer_, {});  // the last line may lack its line end
  }
  std::string line = buffer_.substr(0, end);
  buffer_.erase(0, end + 1);
  return line;
}

}  // namespace evo::machine
