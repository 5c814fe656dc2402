// SPDX-License-Identifier: Apache-2.0
/// A proportional-integral controller with limited output and anti-windup.
#pragma once

namespace evo::machine {

struct PiGains {
  double proportional = 0.3;
  double integral = 5.0;  ///< per second
};

struct PiOutput {
  double output = 0;
  bool saturated = false;  ///< a limit restricted the output, and the integral with it
};

class PiController {
 public:
  PiController(double minimum, double maximum) noexcept : minimum_(minimum), maximum_(maximum) {}

  /// One step, `seconds` after the last one. Anti-windup: the integral grows until the output
  /// reaches a limit; an error that would push it further is not integrated.
  PiOutput step(const PiGains& gains, double error, double seconds) noexcept;

  /// Discards the state, as after a standstill.
  void reset() noexcept { integral_ = 0; }

  /// The integral part of the output.
  [[nodiscard]] double integral() const noexcept { return integral_; }

 private:
  double minimum_;
  double maximum_;
  double integral_ = 0;
};

}  // namespace evo::machine
