// SPDX-License-Identifier: Apache-2.0
/// Progress of a recipe: the active step, its remaining time, and its setpoint.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "phys_output_io.evo.hpp"
#include "recipe_executor/recipe.hpp"

namespace evo::machine {

class RecipeRun {
 public:
  /// Does not run yet. The recipe must outlive the run.
  explicit RecipeRun(const Recipe& recipe) noexcept : recipe_(&recipe) {}

  /// Runs the recipe from its first step, `speed` times as fast as written.
  void start(double speed) noexcept;
  /// Stops the recipe or the held setpoint.
  void stop() noexcept;
  /// Holds a setpoint, outside the recipe.
  void hold(double setpoint_percent) noexcept;
  /// Continues where a previous incarnation stopped, according to its last publish.
  void resume(const cell::recipe::PhysOutputIo& last, double speed) noexcept;

  /// Advances the time: a step that has run its time is followed by the next.
  void advance(std::chrono::nanoseconds elapsed) noexcept;

  /// Whether the actuator should move.
  [[nodiscard]] bool active() const noexcept;
  [[nodiscard]] double setpoint_percent() const noexcept;

  /// Copies the progress into a value to be published.
  void copy_to(cell::recipe::PhysOutputIo& value) const noexcept;

 private:
  void enter(std::size_t step) noexcept;
  /// Duration of a step at the present speed.
  [[nodiscard]] std::chrono::nanoseconds duration_of(std::size_t step) const noexcept;

  const Recipe* recipe_;
  cell::recipe::RecipeState state_ = cell::recipe::RecipeState::Idle;
  std::size_t step_ = 0;
  std::chrono::nanoseconds remaining_{0};
  double speed_ = 1;
  double held_percent_ = 0;
};

}  // namespace evo::machine
