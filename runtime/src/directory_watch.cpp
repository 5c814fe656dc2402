#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "reader_attachment.hpp"

namespace evo::detail {

namespace {

/// Belt and braces where inotify is not to be had (its limits are per user), or where
/// the event that matters happens to an ancestor not watched.
constexpr std::chrono::nanoseconds kLongestSleep = std::chrono::milliseconds(20);

}  // namespace

DirectoryWatch::DirectoryWatch(const Domain& domain)
    : directory_(domain.path()), inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  watch_nearest();
}

void DirectoryWatch::watch_nearest() {
  if (!inotify_.valid()) return;
  std::filesystem::path nearest = directory_;
  constexpr std::uint32_t kEvents = IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_ATTRIB;
  while (::inotify_add_watch(inotify_.get(), nearest.c_str(), kEvents) < 0 &&
         nearest.has_relative_path()) {
    nearest = nearest.parent_path();
  }
  of_ancestor_ = nearest != directory_;
}

void DirectoryWatch::wait(std::chrono::nanoseconds timeout) noexcept {
  const auto slice = std::clamp(timeout, std::chrono::nanoseconds::zero(), kLongestSleep);
  const timespec duration{0, static_cast<long>(slice.count())};
  pollfd descriptor{inotify_.get(), POLLIN, 0};
  if (::ppoll(&descriptor, inotify_.valid() ? 1 : 0, &duration, nullptr) <= 0) return;
  std::array<std::byte, 4096> events;
  while (::read(inotify_.get(), events.data(), events.size()) > 0) {
  }
  if (of_ancestor_) watch_nearest();  // the directory itself may have come into being
}

}  // namespace evo::detail
