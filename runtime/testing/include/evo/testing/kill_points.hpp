// SPDX-License-Identifier: Apache-2.0
/// A process killed at every instruction between two marks.
#pragma once

#include <cstddef>
#include <functional>

namespace evo::testing {

/// What kill_at_every_instruction did.
struct KillPoints {
  std::size_t instructions = 0;  ///< between the marks
  std::size_t kills = 0;         ///< processes killed
};

/// Runs `body` in a process of its own and kills it at its first mark, in the next run one
/// instruction later, and so on until its second mark; calls `check` after each kill, with the
/// number of instructions done. `body` gets the function that sets a mark, and calls it twice:
///
///   kill_at_every_instruction(
///       [](auto mark) { ControlUnit unit; mark(); unit.publish_status(); mark(); },
///       [](std::size_t) { EXPECT_TRUE(published<ControlState>().where(is_whole).within(1s)); });
///
/// If there are more than 1000 instructions, only some are tried: more at both ends than in
/// between. `body` must do the same in each run. Throws std::runtime_error if the process cannot be
/// traced (ptrace), fails, or gets a signal. Needs a processor whose single steps the kernel can
/// trace; an emulator cannot.
KillPoints kill_at_every_instruction(
    const std::function<void(const std::function<void()>& mark)>& body,
    const std::function<void(std::size_t instructions)>& check);

}  // namespace evo::testing
