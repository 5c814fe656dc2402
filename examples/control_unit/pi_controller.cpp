#include "control_unit/pi_controller.hpp"

#include <algorithm>

namespace evo::cell {

PiOutput PiController::step(const PiGains& gains, double error, double seconds) noexcept {
  const double growth = gains.integral * error * seconds;
  const double wanted = gains.proportional * error + integral_ + growth;
  const bool pushes_out = (wanted > maximum_ && growth > 0) || (wanted < minimum_ && growth < 0);
  if (!pushes_out) integral_ = std::clamp(integral_ + growth, minimum_, maximum_);
  const double output = std::clamp(gains.proportional * error + integral_, minimum_, maximum_);
  return {.output = output, .saturated = pushes_out};
}

}  // namespace evo::cell
