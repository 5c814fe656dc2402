// SPDX-License-Identifier: Apache-2.0
#include "harness/rounds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <map>

namespace evo::bench {

namespace {

constexpr int kAttempts = 4;

struct Runs {
  std::vector<Figures> figures;
  std::vector<double> lines_ns;
  std::vector<double> ratios;
};

using RunsByDistance = std::map<Distance, Runs>;

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// One run during which the cores did not move; if they always move, the last run, marked as mixed.
struct Bracketed {
  Figures figures;
  Distance distance = Distance::Mixed;
  double line_ns = 0;
};

/// How much the latency of a line may change within one distance.
constexpr std::uint64_t kSteadyPercent = 150;

std::uint64_t line_now_ns() {
  const auto& cores = usable_cores();
  return line_latency_ns(cores.at(0), cores.at(1));
}

Bracketed run_bracketed(const Case& one) {
  Bracketed result;
  std::uint64_t before = line_now_ns();
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    result.figures = one.run();
    const std::uint64_t after = line_now_ns();
    result.line_ns = static_cast<double>(before + after) / 2;
    const auto [less, more] = std::minmax(before, after);
    const bool steady =
        distance_of(less) == distance_of(more) && 100 * more <= kSteadyPercent * less;
    result.distance = steady ? distance_of(after) : Distance::Mixed;
    if (steady) break;
    before = after;
  }
  return result;
}

template <class Get>
std::optional<double> median_of(const std::vector<Figures>& all, Get&& get) {
  std::vector<double> values;
  for (const Figures& figures : all) {
    if (const std::optional<double> value = get(figures)) values.push_back(*value);
  }
  if (values.empty()) return std::nullopt;
  return median(std::move(values));
}

void add_rows(Answer& answer, const Case& one, std::size_t bytes, const RunsByDistance& all) {
  for (const auto& [distance, runs] : all) {
    std::vector<double> typical;
    for (const Figures& figures : runs.figures) typical.push_back(figures.typical);
    Row row;
    row.what = one.what;
    row.bytes = bytes;
    row.readers = one.readers;
    row.cores = distance;
    row.line_ns = median(runs.lines_ns);
    row.runs = typical.size();
    row.least = *std::min_element(typical.begin(), typical.end());
    row.most = *std::max_element(typical.begin(), typical.end());
    row.median = median(typical);
    row.p99 = median_of(runs.figures, [](const Figures& figures) { return figures.p99; });
    row.p999 = median_of(runs.figures, [](const Figures& figures) { return figures.p999; });
    if (!runs.ratios.empty()) row.ratio = median(runs.ratios);
    row.note = runs.figures.back().note;
    answer.add(std::move(row));
  }
}

/// The best result of the bare machine in this round, for each distance that occurred.
class Limits {
 public:
  Limits(const std::vector<Case>& cases, Better better)
      : cases_(cases), better_(better), runs_(cases.size()) {}

  void run() {
    std::map<Distance, double> best;
    for (std::size_t i = 0; i < cases_.size(); ++i) {
      const auto [figures, distance, line_ns] = run_bracketed(cases_[i]);
      runs_[i][distance].figures.push_back(figures);
      runs_[i][distance].lines_ns.push_back(line_ns);
      const auto [found, first] = best.emplace(distance, figures.typical);
      if (!first && is_better(figures.typical, found->second)) found->second = figures.typical;
    }
    for (const auto& [distance, figure] : best) best_[distance] = figure;
  }

  /// How many times worse `figure` is than the limit; nothing if there was none at this distance.
  [[nodiscard]] std::optional<double> ratio(double figure, Distance distance) const {
    const auto found = best_.find(distance);
    if (found == best_.end() || distance == Distance::Mixed) return std::nullopt;
    return better_ == Better::Higher ? found->second / figure : figure / found->second;
  }

  void add_to(Answer& answer, std::size_t bytes) const {
    for (std::size_t i = 0; i < cases_.size(); ++i) add_rows(answer, cases_[i], bytes, runs_[i]);
  }

 private:
  [[nodiscard]] bool is_better(double one, double other) const {
    return better_ == Better::Higher ? one > other : one < other;
  }

  const std::vector<Case>& cases_;
  Better better_;
  std::vector<RunsByDistance> runs_;
  std::map<Distance, double> best_;
};

}  // namespace

void measure(Answer& answer, const Group& group, int rounds) {
  Limits limits(group.limits, answer.question().better);
  std::vector<RunsByDistance> of_cases(group.cases.size());
  std::vector<bool> failed(group.cases.size());
  for (int round = 0; round < rounds; ++round) {
    limits.run();
    for (std::size_t i = 0; i < group.cases.size(); ++i) {
      if (failed[i]) continue;
      try {
        const auto [figures, distance, line_ns] = run_bracketed(group.cases[i]);
        Runs& runs = of_cases[i][distance];
        runs.figures.push_back(figures);
        runs.lines_ns.push_back(line_ns);
        if (const auto ratio = limits.ratio(figures.typical, distance)) {
          runs.ratios.push_back(*ratio);
        }
      } catch (const std::exception& error) {
        failed[i] = true;
        fmt::print(stderr, "{}, {} bytes: {}; left out\n", group.cases[i].what, group.bytes,
                   error.what());
      }
    }
  }
  limits.add_to(answer, group.bytes);
  for (std::size_t i = 0; i < group.cases.size(); ++i) {
    add_rows(answer, group.cases[i], group.bytes, of_cases[i]);
  }
}

}  // namespace evo::bench
