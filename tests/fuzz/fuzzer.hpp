// SPDX-License-Identifier: Apache-2.0
/// What the fuzzers share. A fuzzer ends the process with a report if the code under test crashes,
/// hangs, leaks, or breaks a promise.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace evo::fuzz {

/// Called before a broken promise ends the process; cleans up.
inline void (*at_failure)() = nullptr;

/// A promise of the code under test.
inline void expect(bool holds, const char* promise) {
  if (holds) return;
  if (at_failure != nullptr) at_failure();
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

}  // namespace evo::fuzz
