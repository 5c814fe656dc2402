// SPDX-License-Identifier: Apache-2.0
/// Reads lines from a file descriptor and still responds to stop signals.
#pragma once

#include <optional>
#include <string>

namespace evo::machine {

class LineSource {
 public:
  /// Does not own the descriptor.
  explicit LineSource(int descriptor) noexcept : descriptor_(descriptor) {}

  /// Waits for the next line. Nothing at the end of the input or after a stop signal.
  [[nodiscard]] std::optional<std::string> next();

 private:
  [[nodiscard]] std::optional<std::string> take_line();

  int descriptor_;
  std::string buffer_;
  bool ended_ = false;
};

}  // namespace evo::machine
