// SPDX-License-Identifier: Apache-2.0
#include "system/directory_watch.hpp"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "evo/clock.hpp"

namespace evo::detail {

namespace {

/// The longest sleep where inotify is unavailable, or where the event that matters may happen to an
/// ancestor that is not watched.
constexpr std::chrono::nanoseconds kBlindSleep = std::chrono::milliseconds(20);
/// The longest sleep otherwise. Not every change brings an event: a process that is killed between
/// two steps creates no name.
constexpr std::chrono::nanoseconds kLongestSleep = std::chrono::milliseconds(200);

constexpr std::uint32_t kNameEvents =
    IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF;
constexpr std::uint32_t kUseEvents = IN_ATTRIB | IN_CLOSE_WRITE;
/// After these events, the domain's directory is a different one, or does not exist.
constexpr std::uint32_t kWatchEnds = IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED;

}  // namespace

DirectoryWatch::DirectoryWatch(const Domain& domain, Watched watched)
    : directory_(domain.path()),
      events_(watched == Watched::Names ? kNameEvents : kNameEvents | kUseEvents),
      inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  watch_nearest();
}

void DirectoryWatch::watch_nearest() {
  if (!inotify_.valid()) return;
  // A directory that is created between the check and the watch of its parent goes unnoticed, so
  // check again.
  constexpr int kAttempts = 10;
  const int before = watch_;
  for (int look = 0; look < kAttempts; ++look) {
    std::filesystem::path nearest = directory_;
    while ((watch_ = ::inotify_add_watch(inotify_.get(), nearest.c_str(), events_)) < 0 &&
           nearest.has_relative_path()) {
      nearest = nearest.parent_path();
    }
    of_ancestor_ = nearest != directory_;
    if (!of_ancestor_ || ::access(directory_.c_str(), F_OK) != 0) break;
  }
  // Events of the former ancestor no longer matter.
  if (before >= 0 && before != watch_) ::inotify_rm_watch(inotify_.get(), before);
}

void DirectoryWatch::wait(std::string_view words, std::chrono::nanoseconds timeout) {
  const std::uint64_t start = monotonic_ns();
  const auto longest = valid() && !of_ancestor_ ? kLongestSleep : kBlindSleep;
  const auto slice = std::clamp(timeout, std::chrono::nanoseconds::zero(), longest);
  bool concerns = false;
  while (!concerns) {
    const auto left = slice - std::chrono::nanoseconds(monotonic_ns() - start);
    if (left <= std::chrono::nanoseconds::zero()) return;
    const timespec duration{0, static_cast<long>(left.count())};
    pollfd descriptor{inotify_.get(), POLLIN, 0};
    if (::ppoll(&descriptor, valid() ? 1 : 0, &duration, nullptr) <= 0) return;
    const bool unknown = take([&](std::string_view file) {
      concerns = concerns || file.find(words) != std::string_view::npos;
    });
    concerns = concerns || unknown;
  }
}

bool DirectoryWatch::take(const std::function<void(std::string_view)>& seen) {
  bool lost = false;
  bool moved = false;
  alignas(inotify_event) std::array<std::byte, 16384> events;
  ssize_t size = 0;
  while ((size = ::read(inotify_.get(), events.data(), events.size())) > 0) {
    for (std::size_t offset = 0; offset < static_cast<std::size_t>(size);) {
      const auto* event = reinterpret_cast<const inotify_event*>(events.data() + offset);
      offset += sizeof(inotify_event) + event->len;
      if ((event->mask & IN_Q_OVERFLOW) != 0) lost = true;
      if (event->wd != watch_) continue;  // of an ancestor that was watched before
      if (of_ancestor_ || (event->mask & kWatchEnds) != 0) moved = true;
      if (!of_ancestor_ && event->len != 0) seen(event->name);
    }
  }
  if (moved) watch_nearest();
  return lost || moved;
}

}  // namespace evo::detail
