// SPDX-License-Identifier: Apache-2.0
#include "common/stop_signal.hpp"

#include <array>
#include <atomic>

namespace evo::machine {

namespace {

constexpr std::array kStopSignals = {SIGTERM, SIGINT, SIGHUP};

std::atomic<int> received{0};
std::atomic<bool> stopping{false};
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler may store to it");

extern "C" void remember_signal(int signal) {
  int none = 0;
  // relaxed, both: pair with the loads of stop_signal and evo::cycles; only the values are
  // communicated.
  received.compare_exchange_strong(none, signal, std::memory_order_relaxed);
  stopping.store(true, std::memory_order_relaxed);
}

}  // namespace

void catch_stop_signals() noexcept {
  struct sigaction action {};
  action.sa_handler = remember_signal;
  ::sigemptyset(&action.sa_mask);  // and no SA_RESTART: sleeping calls must return
  for (const int signal : kStopSignals) ::sigaction(signal, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

bool stop_requested() noexcept {
  return stop_signal() != 0;
}

const std::atomic<bool>* stop_flag() noexcept {
  return &stopping;
}

int stop_signal() noexcept {
  // relaxed: pairs with the handler's exchange; no other read depends on it.
  return received.load(std::memory_order_relaxed);
}

StopSignalsBlocked::StopSignalsBlocked() noexcept {
  sigset_t blocked;
  ::sigemptyset(&blocked);
  for (const int signal : kStopSignals) ::sigaddset(&blocked, signal);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &before_);
}

StopSignalsBlocked::~StopSignalsBlocked() {
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

}  // namespace evo::machine
