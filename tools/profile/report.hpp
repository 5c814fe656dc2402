// SPDX-License-Identifier: Apache-2.0
/// The results of `profile`, and their output.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "profile/distribution.hpp"
#include "text/wrap.hpp"

namespace evo::tools {

struct ProfileReport {
  std::string segment;
  std::string kind;                ///< `state` or `stream`
  std::uint64_t duration_ns = 0;   ///< observed time
  std::uint64_t published = 0;     ///< in that time
  std::uint64_t seen = 0;          ///< how many of these were seen
  std::uint64_t period_ns = 0;     ///< promised by the schema; 0: none
  bool stamped = true;             ///< intervals are between stamps, not between observations
  Distribution intervals;          ///< between consecutive publishes
  Distribution delays;             ///< from the stamp of a publish to its discovery
  Distribution reads;              ///< durations of passive reads
  std::uint64_t retries = 0;       ///< copies that those reads repeated
  std::uint64_t failed_reads = 0;  ///< without a value after all retries, or with a damaged one

  /// Publishes per second.
  [[nodiscard]] double rate() const {
    return static_cast<double>(published) * 1e9 / static_cast<double>(duration_ns);
  }

  /// The reference for jitter: the promised period, else the median. `intervals` must not be empty.
  [[nodiscard]] std::uint64_t expected_interval_ns() const;
};

[[nodiscard]] std::string text_of(const ProfileReport& report, std::size_t width = kUnlimitedWidth);
[[nodiscard]] nlohmann::ordered_json to_json(const ProfileReport& report);

}  // namespace evo::tools
