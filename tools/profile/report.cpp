// SPDX-License-Identifier: Apache-2.0
#include "profile/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "text/duration.hpp"
#include "text/table.hpp"

namespace evo::tools {

namespace {

struct Percentile {
  const char* head;  // of the column
  const char* key;   // in JSON
  double percent;
  int leaves;  // order in which columns are dropped from a table that is too wide
};
constexpr Percentile kPercentiles[] = {
    {"MIN", "min_ns", 0, 3},  {"P50", "p50_ns", 50, 0},       {"P90", "p90_ns", 90, 1},
    {"P99", "p99_ns", 99, 4}, {"P99.9", "p99_9_ns", 99.9, 2}, {"MAX", "max_ns", 100, 0},
};
constexpr double kLongestBar = 40;

std::vector<std::string> row_of(std::string_view what, const Distribution& times) {
  std::vector<std::string> row{std::string(what)};
  for (const Percentile& each : kPercentiles) {
    row.push_back(times.empty() ? "-" : in_words(times.percentile(each.percent)));
  }
  row.push_back(std::to_string(times.count()));
  return row;
}

std::string head_of(const ProfileReport& report) {
  std::string text = fmt::format("{}, {}: {} publishes in {}, {:.4g} a second; {} of them seen\n",
                                 report.segment, report.kind, report.published,
                                 in_words(std::chrono::nanoseconds(report.duration_ns)),
                                 report.rate(), report.seen);
  if (!report.stamped) {
    text +=
        "It has no stamps: intervals are measured between the moments when its publishes were "
        "seen.\n";
  }
  if (report.intervals.empty()) {
    text += "No two publishes in a row were seen, so the intervals are unknown.\n";
  } else if (report.period_ns != 0) {
    text += fmt::format("Jitter is how far the intervals are from the promised period of {}.\n",
                        in_words(std::chrono::nanoseconds(report.period_ns)));
  } else {
    text +=
        "Jitter is how far the intervals are from their median: the schema promises no period.\n";
  }
  if (!report.delays.empty()) {
    text +=
        "Delay is the time from the stamp of a publish until this program, which polls every 50 "
        "us, found it.\n";
  }
  for (const Distribution* times : {&report.intervals, &report.reads}) {
    if (times->left_out() == 0) continue;
    text += fmt::format("Only the first {} {} are in the figures.\n", Distribution::kMost,
                        times == &report.intervals ? "intervals" : "reads");
  }
  return text;
}

/// A bar for each bucket; the fullest bucket has the longest bar.
std::string bars_of(const Distribution& times) {
  const auto buckets = times.histogram();
  std::uint64_t most = 1;
  for (const auto& bucket : buckets) most = std::max(most, bucket.count);
  Table table({{"INTERVAL", Align::Right}, {"COUNT", Align::Right}, {""}});
  for (const auto& bucket : buckets) {
    const double part = static_cast<double>(bucket.count) / static_cast<double>(most);
    // Rounded up, so that every bucket with a count shows a bar.
    const auto length = static_cast<std::size_t>(std::ceil(part * kLongestBar));
    table.add({"from " + in_words(std::chrono::nanoseconds(bucket.from_ns)),
               std::to_string(bucket.count), std::string(length, '#')});
  }
  return table.text();
}

nlohmann::ordered_json to_json(const Distribution& times) {
  nlohmann::ordered_json object;
  object["count"] = times.count();
  if (times.empty()) return object;
  for (const Percentile& each : kPercentiles) {
    object[each.key] = times.percentile(each.percent).count();
  }
  return object;
}

}  // namespace

std::uint64_t ProfileReport::expected_interval_ns() const {
  if (period_ns != 0) return period_ns;
  return static_cast<std::uint64_t>(intervals.percentile(50).count());
}

std::string text_of(const ProfileReport& report, std::size_t width) {
  std::vector<Column> columns{{""}};
  for (const Percentile& each : kPercentiles) {
    columns.push_back({each.head, Align::Right, each.leaves});
  }
  columns.push_back({"COUNT", Align::Right});
  Table table(std::move(columns));
  if (!report.intervals.empty()) {
    table.add(row_of("interval", report.intervals));
    table.add(row_of("jitter", report.intervals.deviation_from(report.expected_interval_ns())));
  }
  if (!report.delays.empty()) table.add(row_of("delay", report.delays));
  table.add(row_of("read", report.reads));
  std::string text = wrapped_text(head_of(report), width) + '\n' + table.text(width) + '\n';
  text +=
      wrapped_text(fmt::format("{} retries in {} reads, {} reads without a value", report.retries,
                               report.reads.count() + report.failed_reads, report.failed_reads),
                   width);
  if (!report.intervals.empty()) text += '\n' + bars_of(report.intervals);
  return text;
}

nlohmann::ordered_json to_json(const ProfileReport& report) {
  nlohmann::ordered_json document;
  document["segment"] = report.segment;
  document["kind"] = report.kind;
  document["duration_ns"] = report.duration_ns;
  document["published"] = report.published;
  document["seen"] = report.seen;
  document["rate_hz"] = report.rate();
  if (report.period_ns != 0) document["period_ns"] = report.period_ns;
  document["intervals_from"] = report.stamped ? "stamps" : "looks";
  document["intervals"] = to_json(report.intervals);
  if (!report.intervals.empty()) {
    auto& jitter = document["jitter"] =
        to_json(report.intervals.deviation_from(report.expected_interval_ns()));
    jitter["from_ns"] = report.expected_interval_ns();
  }
  if (!report.delays.empty()) document["delays"] = to_json(report.delays);
  document["reads"] = to_json(report.reads);
  document["retries"] = report.retries;
  document["failed_reads"] = report.failed_reads;
  auto& histogram = document["histogram"] = nlohmann::ordered_json::array();
  for (const auto& bucket : report.intervals.histogram()) {
    histogram.push_back({{"from_ns", bucket.from_ns}, {"count", bucket.count}});
  }
  return document;
}

}  // namespace evo::tools
