// SPDX-License-Identifier: Apache-2.0
#include "recipe_executor/recipe_run.hpp"

#include <algorithm>

namespace evo::machine {

using cell::recipe::RecipeState;

void RecipeRun::start(double speed) noexcept {
  state_ = RecipeState::Running;
  speed_ = speed > 0 ? speed : 1;
  enter(0);
}

void RecipeRun::stop() noexcept {
  if (active()) state_ = RecipeState::Stopped;
}

void RecipeRun::hold(double setpoint_percent) noexcept {
  state_ = RecipeState::Manual;
  held_percent_ = std::clamp(setpoint_percent, 0.0, 100.0);
}

void RecipeRun::resume(const cell::recipe::PhysOutputIo& last, double speed) noexcept {
  state_ = last.recipe_state;
  held_percent_ = last.setpoint;
  speed_ = speed > 0 ? speed : 1;
  if (state_ != RecipeState::Running) return;
  if (last.step_count != recipe_->steps.size() || last.step_index >= recipe_->steps.size()) {
    state_ = RecipeState::Stopped;  // not the recipe that was running
    return;
  }
  enter(last.step_index);
  const std::chrono::milliseconds left(last.step_remaining_ms);
  remaining_ = std::min<std::chrono::nanoseconds>(left, remaining_);
}

void RecipeRun::advance(std::chrono::nanoseconds elapsed) noexcept {
  if (state_ != RecipeState::Running) return;
  remaining_ -= elapsed;
  while (remaining_ <= std::chrono::nanoseconds::zero()) {
    if (step_ + 1 == recipe_->steps.size()) {
      state_ = RecipeState::Finished;
      remaining_ = std::chrono::nanoseconds::zero();
      return;
    }
    const std::chrono::nanoseconds overrun = remaining_;
    enter(step_ + 1);
    remaining_ += overrun;
  }
}

bool RecipeRun::active() const noexcept {
  return state_ == RecipeState::Running || state_ == RecipeState::Manual;
}

double RecipeRun::setpoint_percent() const noexcept {
  if (state_ == RecipeState::Manual) return held_percent_;
  return state_ == RecipeState::Running ? recipe_->steps[step_].setpoint_percent : 0;
}

void RecipeRun::copy_to(cell::recipe::PhysOutputIo& value) const noexcept {
  const auto remaining = std::chrono::duration_cast<std::chrono::milliseconds>(remaining_);
  value.recipe_state = state_;
  value.setpoint = static_cast<float>(setpoint_percent());
  value.step_index = static_cast<std::uint32_t>(step_);
  value.step_count = static_cast<std::uint32_t>(recipe_->steps.size());
  value.step_remaining_ms =
      state_ == RecipeState::Running ? static_cast<std::uint32_t>(remaining.count()) : 0;
}

void RecipeRun::enter(std::size_t step) noexcept {
  step_ = step;
  remaining_ = duration_of(step);
}

std::chrono::nanoseconds RecipeRun::duration_of(std::size_t step) const noexcept {
  const auto written = static_cast<double>(recipe_->steps[step].duration.count());
  return std::chrono::nanoseconds(
      std::max<std::int64_t>(1, static_cast<std::int64_t>(written / speed_)));
}

}  // namespace evo::machine
