// SPDX-License-Identifier: Apache-2.0
#include "control_unit/pi_controller.hpp"

#include <algorithm>

namespace evo::machine {

PiOutput PiController::step(const PiGains& gains, double error, double seconds) noexcept {
  const double proportional = gains.proportional * error;
  const double grown = integral_ + gains.integral * error * seconds;
  // The integral at which the output reaches its limits; it does not grow beyond that.
  const double lowest = std::min(integral_, minimum_ - proportional);
  const double highest = std::max(integral_, maximum_ - proportional);
  integral_ = std::clamp(std::clamp(grown, lowest, highest), minimum_, maximum_);
  const double wanted = proportional + grown;
  return {.output = std::clamp(proportional + integral_, minimum_, maximum_),
          .saturated = wanted > maximum_ || wanted < minimum_};
}

}  // namespace evo::machine
