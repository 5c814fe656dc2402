// SPDX-License-Identifier: Apache-2.0
/// Holds back signals that would end the process while it has something to clean up.
#pragma once

#include <signal.h>

namespace evo::tools {

/// While it exists, Ctrl-C, SIGTERM, SIGHUP and SIGQUIT stay pending; they are delivered on
/// destruction. A signal that the process already ignores, handles or blocks is unaffected.
/// Exceeding the file size limit (SIGXFSZ) is then only an error of write(). Applies to the calling
/// thread.
class HeldSignals {
 public:
  HeldSignals() noexcept;
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;
  ~HeldSignals();

  /// Whether one of them is pending, so that the process should end.
  [[nodiscard]] bool pending() const noexcept;

 private:
  sigset_t held_{};
  sigset_t before_{};
};

}  // namespace evo::tools
