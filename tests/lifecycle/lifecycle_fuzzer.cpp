// SPDX-License-Identifier: Apache-2.0
/// Runs random life cycles until the time is over, or one breaks a promise.
///
///     lifecycle_fuzzer [--minutes N] [--seed N]    N minutes (default 1), from this seed on
///     lifecycle_fuzzer --only N                    one seed
///     lifecycle_fuzzer --steps FILE                the sequence that a failure printed
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>

#include "sequence.hpp"

namespace evo::test::lifecycle {
namespace {

/// The exit code: 1 if something was violated.
int report(const Outcome& outcome, const std::string& origin) {
  if (!outcome.violation) return 0;
  fmt::print("{}: {}\n{}", origin, *outcome.violation, to_text(outcome.ran));
  std::fflush(stdout);
  const Outcome shortest = shrink(outcome);
  fmt::print("\nshortest: {}\n{}", *shortest.violation, to_text(shortest.ran));
  return 1;
}

int fuzz(std::chrono::minutes time, std::uint64_t seed) {
  const auto end = std::chrono::steady_clock::now() + time;
  std::size_t sequences = 0;
  std::size_t steps = 0;
  int result = 0;
  for (; result == 0 && std::chrono::steady_clock::now() < end; ++seed) {
    const Outcome outcome = run_seed(seed);
    result = report(outcome, fmt::format("seed {}", seed));
    ++sequences;
    steps += outcome.ran.steps.size();
  }
  fmt::print("{} sequences, {} operations; the next seed is {}\n", sequences, steps, seed);
  return result;
}

int replay(const char* path) {
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return report(run_sequence(from_text(text)), path);
}

int run(int argc, char** argv) {
  std::chrono::minutes minutes(1);
  std::uint64_t seed = std::random_device()();
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view option = argv[i];
    if (option == "--steps") return replay(argv[i + 1]);
    const std::uint64_t number = std::strtoull(argv[i + 1], nullptr, 10);
    if (option == "--only") return report(run_seed(number), fmt::format("seed {}", number));
    if (option == "--minutes") minutes = std::chrono::minutes(number);
    if (option == "--seed" && number != 0) seed = number;
  }
  return fuzz(minutes, seed);
}

}  // namespace
}  // namespace evo::test::lifecycle

int main(int argc, char** argv) {
  try {
    return evo::test::lifecycle::run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "lifecycle_fuzzer: {}\n", error.what());
    return 2;
  }
}
