// SPDX-License-Identifier: Apache-2.0
/// The command line shared by all benchmarks.
#pragma once

#include <functional>
#include <string>

#include "harness/answer.hpp"

namespace evo::bench {

struct Arguments {
  int rounds = 5;      ///< how often each case is measured
  bool json = false;   ///< JSON on stdout in place of a table
  bool peers = true;   ///< whether other libraries are measured too
  bool quick = false;  ///< the cases that are compared daily, in a fraction of the time
};

/// The whole `main` of a benchmark: parses, calls `ask(answer, arguments)`, prints. Returns the
/// exit status: 0; 1 if the measurement failed; 2 for wrong usage.
int run_benchmark(int count, char** values, const Question& question, const std::string& about,
                  const std::function<void(Answer&, const Arguments&)>& ask);

}  // namespace evo::bench
