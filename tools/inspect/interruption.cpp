// SPDX-License-Identifier: Apache-2.0
#include "inspect/interruption.hpp"

#include <poll.h>

#include <atomic>
#include <ctime>

namespace evo::tools {

namespace {

// relaxed, everywhere: the handler runs in the thread that reads the flag.
std::atomic<bool> asked_for = false;
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler must not lock");

extern "C" void remember(int /*signal*/) {
  asked_for.store(true, std::memory_order_relaxed);
}

}  // namespace

Interruption::Interruption() {
  asked_for.store(false, std::memory_order_relaxed);
  struct sigaction action {};
  action.sa_handler = remember;
  // Restarted, so that an interrupted write does not fail.
  action.sa_flags = static_cast<int>(SA_RESTART | SA_RESETHAND);
  ::sigaction(SIGINT, &action, &before_);
  if (before_.sa_handler == SIG_IGN) ::sigaction(SIGINT, &before_, nullptr);
}

Interruption::~Interruption() {
  ::sigaction(SIGINT, &before_, nullptr);
}

bool Interruption::asked() const noexcept {
  return asked_for.load(std::memory_order_relaxed);
}

void Interruption::sleep(std::chrono::nanoseconds time) const {
  sigset_t interrupt;
  ::sigemptyset(&interrupt);
  ::sigaddset(&interrupt, SIGINT);
  // Blocked until the sleep begins, so that no signal arrives between the check and the sleep.
  sigset_t before;
  ::sigprocmask(SIG_BLOCK, &interrupt, &before);
  if (!asked()) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
    const timespec timeout{static_cast<std::time_t>(seconds.count()),
                           static_cast<long>((time - seconds).count())};
    ::ppoll(nullptr, 0, &timeout, &before);
  }
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace evo::tools
