/// Ctrl-C as a reason to come to an end, with what there is until then.
#pragma once

#include <signal.h>

#include <chrono>

namespace evo::tools {

/// While one lives, SIGINT is only remembered; a second one ends the process as ever. One at a
/// time, in a process of one thread. Where SIGINT is ignored, as of jobs in the background, it
/// stays so.
class Interruption {
 public:
  Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;
  ~Interruption();

  /// Whether the end was asked for.
  [[nodiscard]] bool asked() const noexcept;

  /// Sleeps; comes back at once when the end is asked for.
  void sleep(std::chrono::nanoseconds time) const;

 private:
  struct sigaction before_ {};
};

}  // namespace evo::tools
