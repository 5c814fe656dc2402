// SPDX-License-Identifier: Apache-2.0
#include "evo/testing/kill_points.hpp"

#include "killed_instruction.hpp"

namespace evo::testing {

KillPoints kill_at_every_instruction(
    const std::function<void(const std::function<void()>& mark)>& body,
    const std::function<void(std::size_t instructions)>& check) {
  const std::function<void()> mark = &evo::detail::TracedChild::mark;
  const auto marked_body = [&] { body(mark); };
  KillPoints points{.instructions = evo::detail::count_instructions(marked_body)};
  for (const std::size_t instructions : evo::detail::moments_to_kill(points.instructions)) {
    evo::detail::TracedChild child(marked_body);
    if (child.run_to_mark() != evo::detail::Stop::Mark) {
      throw std::runtime_error(
          "kill_at_every_instruction: the process ended before its first mark");
    }
    child.step_instructions(instructions);
    child.kill();
    ++points.kills;
    check(instructions);
  }
  return points;
}

}  // namespace evo::testing
