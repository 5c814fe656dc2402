/// What `profile` found, and how it says it.
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
  std::uint64_t duration_ns = 0;   ///< that was looked for
  std::uint64_t published = 0;     ///< in that time
  std::uint64_t seen = 0;          ///< of these
  std::uint64_t period_ns = 0;     ///< that the schema promises; 0: none
  bool stamped = true;             ///< intervals are those of the stamps, not of the looks
  Distribution intervals;          ///< between publishes that follow each other
  Distribution delays;             ///< from the stamp of a publish to the look that found it
  Distribution reads;              ///< durations of passive reads
  std::uint64_t retries = 0;       ///< copies that those reads made again
  std::uint64_t failed_reads = 0;  ///< that gave no value after all retries, or a damaged one

  /// Publishes a second.
  [[nodiscard]] double rate() const {
    return static_cast<double>(published) * 1e9 / static_cast<double>(duration_ns);
  }

  /// From what jitter is measured: the promised period, else the median. Intervals must not be
  /// empty.
  [[nodiscard]] std::uint64_t expected_interval_ns() const;
};

[[nodiscard]] std::string text_of(const ProfileReport& report, std::size_t width = kUnlimitedWidth);
[[nodiscard]] nlohmann::ordered_json to_json(const ProfileReport& report);

}  // namespace evo::tools
