// SPDX-License-Identifier: Apache-2.0
#include "harness/answer.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

namespace evo::bench {

namespace {

std::string cell(const std::optional<double>& figure) {
  return figure ? fmt::format("{:.4g}", *figure) : std::string("-");
}

nlohmann::ordered_json to_json(const Row& row) {
  nlohmann::ordered_json object;
  object["what"] = row.what;
  object["bytes"] = row.bytes;
  object["readers"] = row.readers;
  object["cores"] = to_string(row.cores);
  if (row.line_ns != 0) object["line_ns"] = row.line_ns;
  object["runs"] = row.runs;
  object["least"] = row.least;
  object["median"] = row.median;
  object["most"] = row.most;
  if (row.p99) object["p99"] = *row.p99;
  if (row.p999) object["p99.9"] = *row.p999;
  if (row.ratio) object["ratio"] = *row.ratio;
  if (!row.note.empty()) object["note"] = row.note;
  return object;
}

}  // namespace

Answer::Answer(Question question, bool json) : question_(std::move(question)), json_(json) {
  if (json_) return;
  fmt::print("{:<34} {:>8} {:>7} {:>5} {:>4} {:>4} {:>9} {:>9} {:>9} {:>9} {:>9} {:>7}  {}\n",
             question_.name + " (" + question_.unit + ")", "bytes", "readers", "cores", "line",
             "runs", "least", "median", "most", "p99", "p99.9", "ratio", "");
}

void Answer::add(Row row) {
  if (!json_) {
    fmt::print(
        "{:<34} {:>8} {:>7} {:>5} {:>4.0f} {:>4} {:>9.4g} {:>9.4g} {:>9.4g} {:>9} {:>9} {:>7}  "
        "{}\n",
        row.what, row.bytes, row.readers, to_string(row.cores), row.line_ns, row.runs, row.least,
        row.median, row.most, cell(row.p99), cell(row.p999),
        row.ratio ? fmt::format("{:.2f}", *row.ratio) : std::string("-"), row.note);
    std::fflush(stdout);
  }
  rows_.push_back(std::move(row));
}

void Answer::finish() const {
  if (!json_) return;
  nlohmann::ordered_json document;
  document["question"] = question_.name;
  document["unit"] = question_.unit;
  document["better"] = question_.better == Better::Lower ? "lower" : "higher";
  auto rows = nlohmann::ordered_json::array();
  for (const Row& row : rows_) rows.push_back(to_json(row));
  document["rows"] = std::move(rows);
  fmt::print("{}\n", document.dump(2));
}

}  // namespace evo::bench
