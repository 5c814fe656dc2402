// SPDX-License-Identifier: Apache-2.0
/// `evo-shm wait-for NAME` and `evo-shm assert NAME`: for start scripts and tests.
#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "command.hpp"
#include "evo/format.hpp"
#include "inspect/condition.hpp"
#include "inspect/inspected_segment.hpp"
#include "inspect/labels.hpp"
#include "text/duration.hpp"

namespace evo::tools {

namespace {

using namespace std::chrono_literals;

constexpr auto kLookInterval = 10ms;

struct ExpectOptions {
  std::string segment;
  bool fresh = false;
  std::vector<std::string> conditions;
};

struct WaitOptions : ExpectOptions {
  std::string timeout = "30s";
};

void declare_expected(CLI::App& command, ExpectOptions& options) {
  add_segment(command, options.segment);
  command.add_flag("--fresh", options.fresh,
                   "Also require a value that is not older than the schema's max_age");
  command
      .add_option("--field", options.conditions,
                  "Also require this, as in 'mode==Running' or 'position>=12.5'; may be repeated")
      ->allow_extra_args(false);
}

void declare_assert(CLI::App& command, ExpectOptions& options) {
  declare_expected(command, options);
}

void declare_wait(CLI::App& command, WaitOptions& options) {
  declare_expected(command, options);
  command.add_option("--timeout", options.timeout, "Give up after this time; 0s: never")
      ->check(duration_validator())
      ->capture_default_str();
}

/// Result of one inspection.
struct Verdict {
  std::optional<Error> absent;  ///< set if the segment does not exist
  std::string missing;          ///< otherwise its difference from the expectation; empty: none

  [[nodiscard]] bool fine() const { return !absent && missing.empty(); }
};

/// The expected state of a segment.
class Expectation {
 public:
  Expectation(const ExpectOptions& options, const Context& context,
              std::vector<FieldCondition> conditions)
      : options_(options), context_(context), conditions_(std::move(conditions)) {}

  /// Returns only permanent errors: not permitted, another format, no such field.
  Result<Verdict> look() {
    if (auto open = open_look(); !open) {
      if (open.error().code != ErrorCode::NotFound) return tl::unexpected(open.error());
      inspected_.reset();
      return Verdict{.absent = open.error(), .missing = {}};
    }
    const SegmentInfo& info = inspected_->info();
    if (info.condition != SegmentCondition::Sound || info.writer_state != WriterState::Alive) {
      if (!may_look() || info.condition == SegmentCondition::Incompatible) {
        return tl::unexpected(*inspected_->fault());
      }
      return missing(info.condition == SegmentCondition::Sound
                         ? fmt::format("its writer is {}", state_of(info))
                         : fmt::format("it is {}", state_of(info)));
    }
    return options_.fresh || !conditions_.empty() ? look_at_value() : Verdict{};
  }

 private:
  static Verdict missing(std::string what) {
    return {.absent = std::nullopt, .missing = std::move(what)};
  }

  Result<void> open_look() {
    if (inspected_) return inspected_->refresh();
    auto info = inspect_segment(context_.domain, options_.segment);
    if (!info) return tl::unexpected(std::move(info.error()));
    auto opened = InspectedSegment::at(context_.domain, options_.segment);
    if (!opened) return tl::unexpected(std::move(opened.error()));
    inspected_.emplace(std::move(*opened));
    return {};
  }

  [[nodiscard]] bool may_look() const {
    return !inspected_->fault() || inspected_->fault()->code != ErrorCode::PermissionDenied;
  }

  Result<Verdict> look_at_value() {
    if (!may_look()) return tl::unexpected(*inspected_->fault());
    if (!inspected_->readable()) return missing(inspected_->fault()->message);
    if (!inspected_->fields() && !conditions_.empty()) return tl::unexpected(*inspected_->fault());
    const InspectedValue value = inspected_->value();
    if (!value.has_bytes()) return missing(fmt::format("{}", *value.error));
    if (value.error) return missing("its checksum is wrong");
    if (options_.fresh) {
      const SegmentInfo& info = inspected_->info();
      if (info.layout.max_age_ns == 0) {
        return make_error(ErrorCode::InvalidSize,
                          "the schema of segment '{}' has no max_age, so --fresh cannot be checked",
                          info.name);
      }
      if (info.freshness == Freshness::Unknown || info.freshness == Freshness::Stale) {
        return missing(fmt::format("its value is not fresh: {}", age_of(info)));
      }
    }
    for (const FieldCondition& condition : conditions_) {
      const auto holds = condition.holds(*inspected_->fields(), value.bytes);
      if (!holds) return tl::unexpected(holds.error());
      if (!*holds) return missing(condition.contradiction(*inspected_->fields(), value.bytes));
    }
    return Verdict{};
  }

  const ExpectOptions& options_;
  const Context& context_;
  std::vector<FieldCondition> conditions_;
  std::optional<InspectedSegment> inspected_;
};

Result<Expectation> expectation(const ExpectOptions& options, const Context& context) {
  std::vector<FieldCondition> conditions;
  for (const std::string& text : options.conditions) {
    auto condition = FieldCondition::parse(text);
    if (!condition) return tl::unexpected(std::move(condition.error()));
    conditions.push_back(std::move(*condition));
  }
  return Expectation(options, context, std::move(conditions));
}

/// The failed expectation as a message.
std::string told(const Verdict& verdict, const ExpectOptions& options, const Context& context) {
  if (verdict.absent) {
    return fmt::format("{}", with_suggestion(*verdict.absent, context.domain, options.segment));
  }
  return fmt::format("segment '{}' is not as expected: {}", options.segment, verdict.missing);
}

ExitCode run_assert(const ExpectOptions& options, const Context& context) {
  if (auto found = find_domain(context.domain); !found) return fail(found.error());
  auto expected = expectation(options, context);
  if (!expected) return fail(expected.error());
  const auto verdict = expected->look();
  if (!verdict) return fail(verdict.error());
  if (verdict->fine()) return ExitCode::Fine;
  return fail(verdict->absent ? ExitCode::NotFound : ExitCode::Wrong,
              told(*verdict, options, context));
}

ExitCode run_wait(const WaitOptions& options, const Context& context) {
  auto expected = expectation(options, context);
  if (!expected) return fail(expected.error());
  const auto timeout = parse_duration(options.timeout).value();
  const auto begin = std::chrono::steady_clock::now();
  for (;;) {
    const auto verdict = expected->look();
    if (!verdict) return fail(verdict.error());
    if (verdict->fine()) return ExitCode::Fine;
    if (timeout != 0ns && std::chrono::steady_clock::now() - begin >= timeout) {
      return fail(ExitCode::Busy, fmt::format("waited for {}: {}", in_words(timeout),
                                              told(*verdict, options, context)));
    }
    std::this_thread::sleep_for(kLookInterval);
  }
}

}  // namespace

void add_expect(Commands& commands) {
  commands.add<WaitOptions>("wait-for",
                            "Wait for a live writer, a fresh value, or a condition on a field",
                            declare_wait, run_wait);
  commands.add<ExpectOptions>("assert", "Check now what 'wait-for' would wait for", declare_assert,
                              run_assert);
}

}  // namespace evo::tools
