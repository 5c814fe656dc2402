// SPDX-License-Identifier: Apache-2.0
/// Sequences of operations: generated from a seed, run, written as text, and made shorter.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "world.hpp"

namespace evo::test::lifecycle {

struct Sequence {
  Setting setting;
  std::vector<Step> steps;
};

struct Outcome {
  Sequence ran;  ///< without the steps that did not apply
  /// What was violated, and in which step; nullopt: nothing.
  std::optional<std::string> violation;
};

/// Generates a sequence while running it: each step is one that applies.
Outcome run_seed(std::uint64_t seed);

/// Runs these steps.
Outcome run_sequence(const Sequence& sequence);

/// Drops steps for as long as the rest violates something.
Outcome shrink(const Outcome& failed);

/// One line for each step.
std::string to_text(const Sequence& sequence);
/// The opposite. Throws std::runtime_error if it is not such a text.
Sequence from_text(const std::string& text);

}  // namespace evo::test::lifecycle
