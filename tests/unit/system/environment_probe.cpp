// SPDX-License-Identifier: Apache-2.0
/// environment_probe: prints the domain and the limits that the environment selects, and the user's
/// own domain.
#include <fmt/format.h>

#include <cstdio>

#include "evo/domain.hpp"
#include "evo/limits.hpp"

int main() {
  const auto limits = evo::ResourceLimits::from_environment();
  fmt::print("domain {}\n", evo::Domain::from_environment().path());
  fmt::print("user {}\n", evo::Domain::user().path());
  if (limits) fmt::print("segments {}\n", limits->segments_per_process);
  std::fflush(stdout);
  return limits ? 0 : 1;
}
