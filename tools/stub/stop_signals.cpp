// SPDX-License-Identifier: Apache-2.0
#include "stub/stop_signals.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>

#include "evo/format.hpp"

namespace evo::tools {

StopSignals::~StopSignals() {
  if (timer_ >= 0) ::close(timer_);
  if (signals_ < 0) return;
  ::close(signals_);
  if (!asked_) ::sigprocmask(SIG_SETMASK, &before_, nullptr);
  // Otherwise they stay blocked, so that a second signal cannot end the process before its last
  // output.
}

Result<void> StopSignals::hold() {
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t awaited;
  ::sigemptyset(&awaited);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction action {};
    // If an ignored signal were blocked, it would be delivered anyway.
    if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler != SIG_IGN) {
      ::sigaddset(&awaited, signal);
    }
  }
  timer_ = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
  if (timer_ < 0) return make_system_error(errno, "cannot create a timer");
  const int signals = ::signalfd(-1, &awaited, SFD_CLOEXEC);
  if (signals < 0) return make_system_error(errno, "cannot wait for signals");
  signals_ = signals;
  ::sigprocmask(SIG_BLOCK, &awaited, &before_);
  return {};
}

bool StopSignals::asked() {
  pollfd readable{signals_, POLLIN, 0};
  asked_ = asked_ || ::poll(&readable, 1, 0) > 0;
  return asked_;
}

Wake StopSignals::wait_until(std::uint64_t time_ns, int input) {
  if (asked()) return Wake::Stop;
  itimerspec expiry{};
  // A value of zero disarms a timer, and a time in the past expires immediately.
  if (time_ns != kNever) {
    expiry.it_value.tv_sec = static_cast<std::time_t>(time_ns / 1'000'000'000);
    expiry.it_value.tv_nsec = static_cast<long>(time_ns % 1'000'000'000);
  }
  ::timerfd_settime(timer_, TFD_TIMER_ABSTIME, &expiry, nullptr);
  // poll ignores a negative descriptor.
  std::array<pollfd, 3> wakers = {{{signals_, POLLIN, 0}, {timer_, POLLIN, 0}, {input, POLLIN, 0}}};
  while (::poll(wakers.data(), wakers.size(), -1) < 0 && errno == EINTR) continue;
  if (asked()) return Wake::Stop;
  return wakers[2].revents != 0 ? Wake::Input : Wake::Time;
}

}  // namespace evo::tools
