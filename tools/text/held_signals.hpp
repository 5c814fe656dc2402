/// Signals that would end the process, held back while it has something to clean up.
#pragma once

#include <signal.h>

namespace evo::tools {

/// While one lives, Ctrl-C, SIGTERM, SIGHUP and SIGQUIT wait; they arrive when it goes. A signal
/// that the process ignores, handles or blocks already is not touched. The limit on the size of
/// files (SIGXFSZ) is only an error of write() then. For the calling thread.
class HeldSignals {
 public:
  HeldSignals() noexcept;
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;
  ~HeldSignals();

  /// Whether one of them waits, so that the process should come to an end.
  [[nodiscard]] bool pending() const noexcept;

 private:
  sigset_t held_{};
  sigset_t before_{};
};

}  // namespace evo::tools
