/// The answer that a benchmark program gives: rows of figures, as a table or as JSON.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/cores.hpp"

namespace evo::bench {

enum class Better : std::uint8_t { Lower, Higher };

/// What a program asks, and in what its figures are.
struct Question {
  std::string name;  ///< of the program, without `_bench`
  std::string unit;  ///< `ns`, `M/s`
  Better better = Better::Lower;
};

/// What the runs of one case came to.
struct Row {
  std::string what;
  std::size_t bytes = 0;
  std::uint32_t readers = 1;
  Distance cores = Distance::Near;
  /// What a cache line took from core to core meanwhile; median.
  double line_ns = 0;
  std::size_t runs = 0;
  /// The smallest, the median and the largest figure of a run.
  double least = 0, median = 0, most = 0;
  /// Within a run, median over the runs; only of times.
  std::optional<double> p99, p999;
  /// How many times worse than the limit in the same round; median over the rounds.
  std::optional<double> ratio;
  /// Whatever else is to be said, e.g. how many values were lost.
  std::string note;
};

/// Prints each row as it comes, so that a long run can be watched; or all of it as JSON at the end.
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
