// SPDX-License-Identifier: Apache-2.0
#include "sequence.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <sstream>
#include <stdexcept>

namespace evo::test::lifecycle {

namespace {

constexpr std::size_t kSteps = 80;
/// For a sequence that hangs, each attempt takes as long as the hang.
constexpr auto kShrinkingTime = std::chrono::seconds(120);

/// Random steps with the weights of the operations.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {
    setting_.hostile = below(4) == 0;
    setting_.many_users = below(4) == 0 && ::geteuid() == 0;
    // Few segments in each sequence, so that operations meet.
    favourite_ = static_cast<std::uint16_t>(below(segments().size()));
    for (const Operation& operation : operations()) {
      const bool possible = operation.sort == Sort::Fair || setting_.hostile;
      weights_.push_back(possible ? operation.weight : 0);
    }
    choose_ = std::discrete_distribution<std::uint16_t>(weights_.begin(), weights_.end());
  }

  [[nodiscard]] const Setting& setting() const { return setting_; }

  Step step() {
    return {.operation = choose_(random_),
            .actor = static_cast<std::uint16_t>(below(World::kActors)),
            .segment =
                below(5) != 0 ? favourite_ : static_cast<std::uint16_t>(below(segments().size())),
            .argument = static_cast<std::uint16_t>(below(1U << 16U))};
  }

 private:
  std::size_t below(std::size_t limit) { return random_() % limit; }

  std::mt19937_64 random_;
  Setting setting_;
  std::uint16_t favourite_ = 0;
  std::vector<unsigned> weights_;
  std::discrete_distribution<std::uint16_t> choose_;
};

std::string describe(const Step& step) {
  return fmt::format("{} {} {} {}", operations()[step.operation].name, step.actor,
                     segments()[step.segment].channel.name, step.argument);
}

/// Runs what `next` returns until it returns nullopt.
template <class Next>
Outcome run_steps(Setting setting, Next next) {
  Outcome outcome{.ran = {.setting = setting, .steps = {}}, .violation = {}};
  World world(setting);
  try {
    while (const std::optional<Step> step = next()) {
      outcome.ran.steps.push_back(*step);
      if (!world.run(*step)) outcome.ran.steps.pop_back();
    }
    world.finish();
  } catch (const Violation& violation) {
    outcome.violation = violation.what();
  }
  return outcome;
}

}  // namespace

Outcome run_seed(std::uint64_t seed) {
  Generator generator(seed);
  // Most steps do not apply at a given moment.
  std::size_t left = 6 * kSteps;
  return run_steps(generator.setting(), [&]() -> std::optional<Step> {
    if (left-- == 0) return std::nullopt;
    return generator.step();
  });
}

Outcome run_sequence(const Sequence& sequence) {
  std::size_t index = 0;
  return run_steps(sequence.setting, [&]() -> std::optional<Step> {
    if (index == sequence.steps.size()) return std::nullopt;
    return sequence.steps[index++];
  });
}

Outcome shrink(const Outcome& failed) {
  const auto end = std::chrono::steady_clock::now() + kShrinkingTime;
  Outcome best = failed;
  for (std::size_t part = best.ran.steps.size() / 2; part != 0;) {
    bool shorter = false;
    for (std::size_t from = 0; from < best.ran.steps.size();) {
      if (std::chrono::steady_clock::now() > end) return best;
      Sequence fewer = best.ran;
      const auto first = fewer.steps.begin() + static_cast<std::ptrdiff_t>(from);
      const std::size_t count = std::min(part, fewer.steps.size() - from);
      fewer.steps.erase(first, first + static_cast<std::ptrdiff_t>(count));
      Outcome outcome = run_sequence(fewer);
      if (outcome.violation) {
        best = std::move(outcome);
        shorter = true;
      } else {
        from += part;
      }
    }
    if (!shorter || part > 1) part /= 2;
  }
  return best;
}

std::string to_text(const Sequence& sequence) {
  std::string text = fmt::format("{}{}\n", sequence.setting.hostile ? "hostile" : "fair",
                                 sequence.setting.many_users ? " many_users" : "");
  for (const Step& step : sequence.steps) text += describe(step) + "\n";
  return text;
}

Sequence from_text(const std::string& text) {
  Sequence sequence;
  std::istringstream lines(text);
  std::string line;
  std::getline(lines, line);
  sequence.setting.hostile = line.starts_with("hostile");
  sequence.setting.many_users = line.ends_with("many_users");
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string operation;
    std::string segment;
    Step step;
    words >> operation >> step.actor >> segment >> step.argument;
    const auto row = std::find_if(operations().begin(), operations().end(),
                                  [&](const Operation& one) { return one.name == operation; });
    const auto kind =
        std::find_if(segments().begin(), segments().end(),
                     [&](const SegmentKind& one) { return one.channel.name == segment; });
    if (!words || row == operations().end() || kind == segments().end() ||
        step.actor >= World::kActors) {
      throw std::runtime_error("not a step: '" + line + "'");
    }
    step.operation = static_cast<std::uint16_t>(row - operations().begin());
    step.segment = static_cast<std::uint16_t>(kind - segments().begin());
    sequence.steps.push_back(step);
  }
  return sequence;
}

}  // namespace evo::test::lifecycle
