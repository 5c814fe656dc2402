// SPDX-License-Identifier: Apache-2.0
/// Ends a loop on Ctrl-C and SIGTERM, so that the module closes what it owns.
#pragma once

#include <atomic>
#include <csignal>

inline std::atomic<bool> stopping{false};

inline void stop_on_signals() {
  const auto stop = [](int /*signal*/) { stopping = true; };
  std::signal(SIGINT, stop);
  std::signal(SIGTERM, stop);
}
