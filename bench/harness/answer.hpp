// SPDX-License-Identifier: Apache-2.0
/// The results of a benchmark program: rows of figures, as a table or as JSON.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/cores.hpp"

namespace evo::bench {

enum class Better : std::uint8_t { Lower, Higher };

/// What a program measures, and the unit of its figures.
struct Question {
  std::string name;  ///< name of the program, without `_bench`
  std::string unit;  ///< `ns`, `M/s`
  Better better = Better::Lower;
};

/// The combined results of the runs of one case.
struct Row {
  std::string what;
  std::size_t bytes = 0;
  std::uint32_t readers = 1;
  Distance cores = Distance::Near;
  /// Latency of a cache line from core to core during the runs; median.
  double line_ns = 0;
  std::size_t runs = 0;
  /// The smallest, the median and the largest figure of a run.
  double least = 0, median = 0, most = 0;
  /// Within a run, median over the runs; times only.
  std::optional<double> p99, p999;
  /// How many times worse than the limit in the same round; median over the rounds.
  std::optional<double> ratio;
  /// A remark, for example how many values were lost.
  std::string note;
};

/// Prints each row as soon as it is added, so that a long run can be followed; or all rows as JSON
/// at the end.
class Answer {
 public:
  Answer(Question question, bool json);

  void add(Row row);
  /// To be called at the end.
  void finish() const;

  [[nodiscard]] const Question& question() const { return question_; }

 private:
  Question question_;
  bool json_;
  std::vector<Row> rows_;
};

}  // namespace evo::bench
