// SPDX-License-Identifier: Apache-2.0
/// What commands print about segments that are damaged, that this user may not read, or whose file
/// names would disturb a terminal.
#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>
#include <gantry.evo.hpp>
#include <nlohmann/json.hpp>

#include "file_bytes.hpp"
#include "segments.hpp"
#include "tool.hpp"

namespace evo::test {
namespace {

class Damage : public ToolTest {
 protected:
  [[nodiscard]] std::filesystem::path control() const {
    return directory_.path() / "evo_probe.ctl";
  }

  void truncate_control() const {
    leave_orphan(domain(), raw_channel("probe", 8), 1);
    std::filesystem::resize_file(control(), 10);
  }

  void overwrite_control() const {
    leave_orphan(domain(), raw_channel("probe", 8), 1);
    poke(control(), 0, std::uint64_t{0});
  }

  /// As a user who may see the names in the domain, but nothing else.
  [[nodiscard]] std::string as_somebody_else(std::vector<std::string> arguments) const {
    ::chmod(directory_.path().c_str(), 0755);
    return in_child([&]() -> std::string {
             if (::setgid(65534) != 0 || ::setuid(65534) != 0) return "no other user";
             const ToolAnswer answer = run(std::move(arguments));
             return fmt::format("{}\n{}{}", answer.code, answer.out, answer.err);
           })
        .text;
  }
};

TEST_F(Damage, WhoReadsADamagedSegmentIsNotKnown) {
  for (const bool truncated : {true, false}) {
    truncated ? truncate_control() : overwrite_control();
    const ToolAnswer readers = run({"readers", "probe"});
    EXPECT_EQ(readers.code, 1);
    EXPECT_EQ(readers.out, "");
    EXPECT_NE(readers.err.find("control file"), std::string::npos) << readers.err;
    EXPECT_EQ(run({"readers", "probe", "--format", "json"}).code, 1);
    const std::string list = steady(run({"list"}).out);
    EXPECT_TRUE(std::regex_search(list, std::regex("probe +- +corrupt +- +- +- +"))) << list;
    const auto json = nlohmann::json::parse(run({"list", "--format", "json"}).out);
    EXPECT_FALSE(json[0].contains("readers")) << json;
    const ToolAnswer checks = run({"validate", "probe"});
    EXPECT_EQ(checks.code, 1);
    EXPECT_EQ(checks.out.find("of 0 readers"), std::string::npos) << checks.out;
    EXPECT_NE(checks.out.find("control file"), std::string::npos) << checks.out;
    const ToolAnswer inspected = run({"inspect", "probe"});
    EXPECT_EQ(inspected.code, 1);
    EXPECT_EQ(inspected.out.find("0 of 0"), std::string::npos) << inspected.out;
    EXPECT_EQ(inspected.out.find("0 B"), std::string::npos) << inspected.out;
    for (const std::string& file : directory_.files()) {
      std::filesystem::remove(directory_.path() / file);
    }
  }
}

TEST_F(Damage, WhatThisUserMayNotReadIsNotPermitted) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  auto writer = gantry::GantryWriter::create({.domain = domain()}).value();
  writer.write({});
  for (const char* command : {"readers", "inspect"}) {
    const std::string answer = as_somebody_else({command, "gantry"});
    EXPECT_TRUE(answer.starts_with("5\n")) << answer;
  }
  const std::string list = as_somebody_else({"list"});
  EXPECT_TRUE(std::regex_search(list, std::regex("gantry +- +unreadable +- +- +- +- +- +-")))
      << list;
  const std::string top = as_somebody_else({"top", "--once", "--interval", "10ms"});
  EXPECT_TRUE(std::regex_search(top, std::regex("gantry +- +unreadable +- +- +- +- +- +- +-")))
      << top;
  const std::string drawn = as_somebody_else({"graph"});
  EXPECT_NE(drawn.find("gantry\\nunreadable\""), std::string::npos) << drawn;
  EXPECT_EQ(drawn.find("red"), std::string::npos) << drawn;
  const std::string lint = as_somebody_else({"graph", "--lint"});
  EXPECT_TRUE(lint.starts_with("1\n")) << lint;
  EXPECT_TRUE(std::regex_search(lint, std::regex("\ngantry +unreadable +cannot open "))) << lint;
}

TEST_F(Damage, LintFindsIt) {
  truncate_control();
  const ToolAnswer lint = run({"graph", "--lint"});
  EXPECT_EQ(lint.code, 1) << lint.out;
  EXPECT_NE(lint.out.find("its control file is too short"), std::string::npos) << lint.out;
}

TEST_F(Damage, ADamagedDataFileLeavesItsReadersKnown) {
  const auto writer = gantry::GantryWriter::create({.domain = domain()}).value();
  const auto reader = gantry::GantryReader::attach({.domain = domain()}).value();
  poke(directory_.data_file(), 0, std::uint64_t{0});
  const ToolAnswer readers = run({"readers", "gantry"});
  EXPECT_EQ(readers.code, 0) << readers.err;
  EXPECT_NE(readers.out.find("tools_tests"), std::string::npos) << readers.out;
}

class OtherRelease : public ToolTest {
 protected:
  /// Raises the format of the control file, as another release would have written it.
  void age_format() const {
    poke(directory_.path() / "evo_gantry.ctl", 8, std::uint32_t{0x00630063});
  }

  [[nodiscard]] std::string code_and_error(std::vector<std::string> arguments) const {
    const ToolAnswer answer = run(std::move(arguments));
    return fmt::format(
        "{} {}", answer.code,
        answer.err.find("another release") != std::string::npos ? "another release" : answer.err);
  }
};

TEST_F(OtherRelease, IsAMismatchForEachCommandThatLooks) {
  const auto writer = gantry::GantryWriter::create({.domain = domain()}).value();
  age_format();
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"watch", "gantry", "--count", "1"},
           {"readers", "gantry"},
           {"schema", "gantry"},
           {"plot", "gantry", "--field", "cycle"},
           {"profile", "gantry", "--duration", "10ms"},
           {"deadlines", "show", "gantry"},
           {"assert", "gantry"},
           {"set", "gantry", "axis=1"},
           {"set", "gantry", "axis=1", "--fence"},
           {"snapshot", "save", (directory_.path() / "saved.json").string(), "gantry"}}) {
    EXPECT_EQ(code_and_error(arguments), "4 another release")
        << fmt::format("{}", fmt::join(arguments, " "));
  }
  for (const char* command : {"inspect", "validate"}) {
    const ToolAnswer answer = run({command, "gantry"});
    EXPECT_EQ(answer.code, 4) << command;
    EXPECT_NE(answer.out.find("incompatible"), std::string::npos) << answer.out;
  }
  EXPECT_EQ(run({"list"}).code, 0);
  EXPECT_EQ(run({"list", "--wrong"}).code, 1);
  EXPECT_NE(run({"graph"}).out.find("gantry\\nincompatible"), std::string::npos);
  const ToolAnswer doctor = run({"doctor"});
  EXPECT_NE(doctor.out.find("another release"), std::string::npos) << doctor.out;
}

TEST_F(OtherRelease, KeepsItsFilesWhileAProcessUsesThem) {
  const auto writer = gantry::GantryWriter::create({.domain = domain()}).value();
  age_format();
  const auto before = directory_.files();
  EXPECT_EQ(run({"recover", "gantry"}).code, 4);
  EXPECT_EQ(run({"recover", "gantry", "--force"}).code, 4);
  EXPECT_EQ(run({"cleanup", "--grace", "0"}).code, 1);
  EXPECT_EQ(directory_.files(), before);
}

TEST_F(OtherRelease, IsRemovedByForceOnceNoProcessUsesIt) {
  in_child([&] {
    auto writer = gantry::GantryWriter::create({.domain = domain()}).value();
    ::_exit(0);
    return std::string();
  });
  age_format();
  EXPECT_EQ(run({"recover", "gantry"}).code, 4);
  EXPECT_EQ(run({"cleanup", "--grace", "0"}).code, 1);
  EXPECT_EQ(directory_.files().size(), 3U);
  EXPECT_EQ(run({"recover", "gantry", "--force"}).code, 0);
  ASSERT_EQ(directory_.files().size(), 1U);
  EXPECT_EQ(run({"cleanup", "--grace", "0"}).code, 0) << "its data file";
  EXPECT_EQ(directory_.files().size(), 0U);
}

TEST_F(Damage, NamesOfFilesDoNotReachTheTerminalAsTheyAre) {
  const std::string name =
      "evo_m_\x1b[2J\x1b[31mX\n\xc2\x9b"
      "7mY_1";
  std::ofstream(directory_.path() / name) << "anything";
  std::filesystem::permissions(directory_.path() / name, std::filesystem::perms(0600));
  const std::string shown = "evo_m_?[2J?[31mX??7mY_1";
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"list"},
                                             {"list", "--wrong"},
                                             {"graph"},
                                             {"graph", "--lint"},
                                             {"doctor"},
                                             {"top", "--once", "--interval", "10ms"},
                                             {"cleanup"}}) {
    const std::string out = run(arguments).out;
    EXPECT_EQ(out.find('\x1b'), std::string::npos) << arguments[0];
    EXPECT_EQ(out.find("mX\n"), std::string::npos) << arguments[0];
    EXPECT_EQ(out.find("\xc2\x9b"), std::string::npos) << arguments[0];
    if (arguments[0] == "cleanup") continue;
    EXPECT_NE(out.find(shown), std::string::npos) << out;
  }
}

}  // namespace
}  // namespace evo::test
