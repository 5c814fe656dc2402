// SPDX-License-Identifier: Apache-2.0
#include "text/held_signals.hpp"

#include <ctime>

namespace evo::tools {

HeldSignals::HeldSignals() noexcept {
  ::pthread_sigmask(SIG_SETMASK, nullptr, &before_);
  ::sigemptyset(&held_);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGXFSZ}) {
    struct sigaction action {};
    ::sigaction(signal, nullptr, &action);
    // An ignored signal would also stay pending, and look like a reason to end.
    const bool ends = (action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler == SIG_DFL;
    if (ends && ::sigismember(&before_, signal) == 0) ::sigaddset(&held_, signal);
  }
  ::pthread_sigmask(SIG_BLOCK, &held_, nullptr);
}

HeldSignals::~HeldSignals() {
  if (::sigismember(&held_, SIGXFSZ) == 1) {
    sigset_t too_large;
    ::sigemptyset(&too_large);
    ::sigaddset(&too_large, SIGXFSZ);
    const timespec now{};
    ::sigtimedwait(&too_large, nullptr, &now);
  }
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

bool HeldSignals::pending() const noexcept {
  sigset_t waiting;
  if (::sigpending(&waiting) != 0) return false;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
    if (::sigismember(&held_, signal) == 1 && ::sigismember(&waiting, signal) == 1) return true;
  }
  return false;
}

}  // namespace evo::tools
