// SPDX-License-Identifier: Apache-2.0
#include "service_manager.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include "evo/clock.hpp"

namespace evo::tools {

namespace {

std::optional<std::uint64_t> number_in(const char* variable) {
  const char* text = ::secure_getenv(variable);
  if (text == nullptr) return std::nullopt;
  std::uint64_t value = 0;
  const char* end = text + std::strlen(text);
  const auto parsed = std::from_chars(text, end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return value;
}

/// Delay before an unsent message is retried.
constexpr std::uint64_t kRetryNs = 100'000'000;

}  // namespace

bool notify_service_manager(std::string_view assignments) {
  const char* path = ::secure_getenv("NOTIFY_SOCKET");
  if (path == nullptr || (path[0] != '/' && path[0] != '@')) return true;
  sockaddr_un address{};
  const std::size_t length = std::strlen(path);
  if (length >= sizeof address.sun_path) return true;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path, length);
  if (path[0] == '@') address.sun_path[0] = '\0';  // an abstract name
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno != EMFILE && errno != ENFILE && errno != ENOMEM;
  const ssize_t sent =
      ::sendto(fd, assignments.data(), assignments.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
               reinterpret_cast<const sockaddr*>(&address),
               static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length));
  const bool later = sent < 0 && (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM);
  ::close(fd);
  return !later;
}

std::optional<std::chrono::microseconds> watchdog_interval() {
  const auto interval = number_in("WATCHDOG_USEC");
  const auto meant = number_in("WATCHDOG_PID");
  if (!interval || *interval == 0) return std::nullopt;
  if (meant && *meant != static_cast<std::uint64_t>(::getpid())) return std::nullopt;
  return std::chrono::microseconds(*interval / 2);
}

void ServiceManager::ready(std::string_view status) {
  first_ = "READY=1\nSTATUS=";
  first_ += status;
  next_ns_ = 0;
  keep_informed();
}

void ServiceManager::keep_informed() {
  if (!interval_ && first_.empty()) return;
  const std::uint64_t now = monotonic_ns();
  if (now < next_ns_) return;
  next_ns_ = now + kRetryNs;
  if (!notify_service_manager(first_.empty() ? "WATCHDOG=1" : first_)) return;
  const bool was_first = !first_.empty();
  first_.clear();
  if (interval_ && !was_first) {
    next_ns_ = now + static_cast<std::uint64_t>(std::chrono::nanoseconds(*interval_).count());
  }
}

std::optional<std::uint64_t> ServiceManager::wake_ns() const {
  return interval_ || !first_.empty() ? std::optional(next_ns_) : std::nullopt;
}

}  // namespace evo::tools
