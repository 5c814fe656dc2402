// SPDX-License-Identifier: Apache-2.0
/// evo-shm snapshot on a file whose lines the tests look at and change.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <gantry.evo.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "repair/snapshot_file.hpp"
#include "tool.hpp"

namespace evo::test {

class Snapshot : public ToolTest {
 protected:
  [[nodiscard]] std::string file() const { return (directory_.path() / "saved.json").string(); }
  /// The lines of the file, without line ends.
  [[nodiscard]] std::vector<std::string> lines() const { return lines_in(file()); }
  [[nodiscard]] static std::vector<std::string> lines_in(const std::string& path) {
    std::ifstream stream(path);
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
  }
  void write_lines(const std::vector<std::string>& lines) const {
    std::ofstream stream(file());
    for (const std::string& line : lines) stream << line << '\n';
  }
  /// The answer of a load that must neither print nor create anything.
  [[nodiscard]] ToolAnswer fail_to_load() const {
    const auto before = directory_.files();
    ToolAnswer answer = run({"snapshot", "load", file()});
    EXPECT_EQ(answer.out, "");
    EXPECT_EQ(directory_.files(), before) << "nothing was created";
    return answer;
  }
  /// The same for a damaged file; also checks what the error says.
  void expect_damaged(const std::string& reason) const {
    const ToolAnswer answer = fail_to_load();
    EXPECT_EQ(answer.code, 1) << reason;
    EXPECT_NE(answer.err.find(reason), std::string::npos) << reason << ": " << answer.err;
  }
  /// Runs evo-shm with an environment variable set.
  [[nodiscard]] ToolAnswer run_with(const std::string& variable,
                                    std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(),
                     {variable, EVO_SHM, "--domain", directory_.path().string()});
    return run_program("/usr/bin/env", std::move(arguments));
  }
  void remove_segments() const {
    for (const std::string& name : directory_.files()) {
      if (name.starts_with("evo_")) std::filesystem::remove(directory_.path() / name);
    }
  }
  /// Names of the segments in the saved file.
  [[nodiscard]] std::vector<std::string> saved_names() const {
    std::vector<std::string> names;
    for (const std::string& line : lines()) {
      const auto object = nlohmann::json::parse(line);
      if (object.contains("name")) names.push_back(object["name"]);
    }
    return names;
  }
  [[nodiscard]] bool is_snapshot(const std::string& text) const {
    const std::string copy = (directory_.path() / "copy").string();
    std::ofstream(copy) << text;
    return tools::SnapshotFile::open(copy).has_value();
  }
  void write_gantry() {
    auto writer = gantry::GantryWriter::create({.domain = domain()}).value();
    writer.write({.cycle = 7, .offset = -3});
    EXPECT_EQ(run({"snapshot", "save", file()}).code, 0);
  }
};

}  // namespace evo::test
