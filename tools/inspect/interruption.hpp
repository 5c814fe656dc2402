// SPDX-License-Identifier: Apache-2.0
/// Ctrl-C as a request to finish and output the results so far.
#pragma once

#include <signal.h>

#include <chrono>

namespace evo::tools {

/// While an instance exists, the first SIGINT is only recorded; a second one ends the process as
/// usual. One instance at a time, in a single-threaded process. If SIGINT is ignored, as for
/// background jobs, it stays ignored.
class Interruption {
 public:
  Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;
  ~Interruption();

  /// Whether the end was requested.
  [[nodiscard]] bool asked() const noexcept;

  /// Sleeps; returns immediately when the end is requested.
  void sleep(std::chrono::nanoseconds time) const;

 private:
  struct sigaction before_ {};
};

}  // namespace evo::tools
