// SPDX-License-Identifier: Apache-2.0
/// Measures cases together with the limit of the machine, round by round.
///
/// The host of a virtual machine moves its cores, and every absolute figure changes with them. So a
/// round measures the limit and then each case; a ping-pong of one cache line before and after each
/// shows whether the cores were near or far, and a run during which that changed is discarded. The
/// relevant figure is the ratio of a case to the limit that was last measured at the same distance.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "harness/answer.hpp"

namespace evo::bench {

/// The results of one run.
struct Figures {
  double typical = 0;  ///< the median of times, or a rate
  std::optional<double> p99 = {}, p999 = {};
  std::string note = {};
};

struct Case {
  std::string what;
  std::function<Figures()> run;
  std::uint32_t readers = 1;
};

/// Cases with the same payload, and the limit of the machine for it.
struct Group {
  std::size_t bytes = 0;
  /// Ways to use the bare machine; in each round the best of them is the limit.
  std::vector<Case> limits;
  std::vector<Case> cases;
};

/// Makes `rounds` rounds, and adds a row for each case and distance that occurred. A case that
/// fails is omitted, with a line on stderr.
void measure(Answer& answer, const Group& group, int rounds);

}  // namespace evo::bench
