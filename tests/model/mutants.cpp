// SPDX-License-Identifier: Apache-2.0
#include "mutants.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>

#include "scenarios.hpp"

namespace evo::model {

namespace {

/// Where the protocols are.
constexpr const char* kSources[] = {"runtime/include/evo/format", "runtime/include/evo/detail",
                                    "runtime/src/protocol", "links/include/evo/links",
                                    "runtime/src/maintenance/watch_figures.hpp"};
constexpr const char* kTable = "tests/model/mutants.md";
constexpr const char* kHead = "| place | change | result |";

std::filesystem::path in_checkout(const std::string& path) {
  return std::filesystem::path(EVO_SOURCE_DIR) / path;
}

std::vector<std::string> lines_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(' ');
  return first == std::string::npos ? ""
                                    : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

/// The source files of the protocols, by name.
std::map<std::string, std::filesystem::path> sources() {
  std::map<std::string, std::filesystem::path> files;
  for (const char* each : kSources) {
    const auto path = in_checkout(each);
    if (!std::filesystem::is_directory(path)) {
      files[path.filename().string()] = path;
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(path)) {
      files[entry.path().filename().string()] = entry.path();
    }
  }
  return files;
}

std::string without_comment(const std::string& line) {
  return line.substr(0, line.find("//"));
}

}  // namespace

Mutants::Mutants() {
  std::set<Site> sites;
  for (std::size_t i = 0; i < scenarios().size(); ++i) {
    const NamedScenario& each = scenarios()[i];
    Exploration exploration = explore(each.scenario, each.limits);
    sites.insert(exploration.sites.begin(), exploration.sites.end());
    reached_.push_back({i, exploration.states, std::move(exploration.sites)});
  }
  std::sort(reached_.begin(), reached_.end(),
            [](const Reached& a, const Reached& b) { return a.states < b.states; });
  const auto files = sources();
  for (const Site& site : sites) {
    const auto file = files.find(site.file);
    if (file == files.end()) continue;  // a scenario's own
    const std::string line = trimmed(lines_of(file->second).at(site.line - 1));
    const auto space = site.operation.rfind(' ');
    const std::string what = site.operation.substr(0, space);
    const std::string order = site.operation.substr(space + 1);
    const auto add = [&](bool to_acq_rel) {
      mutants_.push_back(
          {{site, to_acq_rel},
           fmt::format("{}: {}", site.file, line),
           fmt::format("{} {} to {}", what, order, to_acq_rel ? "acq_rel" : "relaxed")});
    };
    add(false);
    if (what == "fence" && order == "seq_cst") add(true);
  }
}

std::optional<std::string> Mutants::killer_of(const Mutation& mutation) const {
  for (const Reached& reached : reached_) {
    if (!reached.sites.contains(mutation.site)) continue;
    const NamedScenario& each = scenarios()[reached.scenario];
    if (is_killed_by(mutation, each)) return each.name;
  }
  return std::nullopt;
}

bool Mutants::is_killed_by(const Mutation& mutation, const NamedScenario& scenario) {
  return explore(scenario.scenario, scenario.limits, &mutation).violations != 0;
}

std::vector<std::string> Mutants::unreached() const {
  static const std::regex order("memory_order_(acquire|release|acq_rel|seq_cst)");
  std::set<std::string> executed;
  for (const Mutant& mutant : mutants_) {
    const Site& site = mutant.mutation.site;
    executed.insert(fmt::format("{}:{}", site.file, site.line));
  }
  std::vector<std::string> missing;
  for (const auto& [name, path] : sources()) {
    const auto lines = lines_of(path);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const std::string code = without_comment(lines[i]);
      if (code.find("signal_fence") != std::string::npos) continue;  // for the compiler only
      if (!std::regex_search(code, order)) continue;
      // The call may begin on an earlier line.
      std::size_t first = i;
      while (first > 0 && !lines[first - 1].empty() &&
             std::string(";{}").find(lines[first - 1].back()) == std::string::npos) {
        --first;
      }
      bool reached = false;
      for (std::size_t at = first; at <= i; ++at) {
        reached = reached || executed.contains(fmt::format("{}:{}", name, at + 1));
      }
      if (!reached) missing.push_back(fmt::format("{}:{}", name, i + 1));
    }
  }
  return missing;
}

std::vector<Row> read_rows() {
  std::vector<Row> rows;
  static const std::regex pattern(R"(\| `(.*)` \| (.*) \| (.*) \|)");
  for (const std::string& line : lines_of(in_checkout(kTable))) {
    std::smatch match;
    if (std::regex_match(line, match, pattern)) rows.push_back({match[1], match[2], match[3]});
  }
  return rows;
}

void write_rows(const std::vector<Row>& rows) {
  const auto path = in_checkout(kTable);
  std::string text;
  for (const std::string& line : lines_of(path)) {
    if (line == kHead) break;
    text += line + "\n";
  }
  text += fmt::format("{}\n| --- | --- | --- |\n", kHead);
  for (const Row& row : rows) {
    text += fmt::format("| `{}` | {} | {} |\n", row.place, row.change, row.result);
  }
  std::ofstream(path) << text;
}

}  // namespace evo::model
