// SPDX-License-Identifier: Apache-2.0
/// The exit code when stdout or stderr cannot be written.
#include <fmt/format.h>

#include <gantry.evo.hpp>

#include <chrono>
#include <filesystem>
#include <thread>

#include "program.hpp"
#include "pseudo_terminal.hpp"
#include "tool.hpp"

namespace evo::test {
namespace {

class Output : public ToolTest {
 protected:
  /// Through a shell, for redirections.
  [[nodiscard]] ToolAnswer run_in_shell(const std::string& arguments) const {
    return run_program("/bin/sh", {"-c", command(arguments)});
  }

  [[nodiscard]] std::string command(const std::string& arguments) const {
    return fmt::format("exec '{}' --domain '{}' {}", EVO_SHM, directory_.path().string(),
                       arguments);
  }

  /// Waits until a descriptor of a process refers to /dev/null. Before its main function it may
  /// refer to a library that is being loaded.
  static bool comes_to_nothing(pid_t pid, int fd) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < end) {
      std::error_code none;
      if (std::filesystem::read_symlink(fmt::format("/proc/{}/fd/{}", pid, fd), none) ==
          "/dev/null") {
        return true;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return false;
  }
};

TEST_F(Output, ADomainThatDoesNotExistIsToldFromAnEmptyOne) {
  const std::string absent = directory_.path() / "absent";
  for (const char* command : {"list", "validate", "cleanup"}) {
    EXPECT_EQ(run({command}).code, 0) << command;
    const ToolAnswer answer = run_program(EVO_SHM, {command, "--domain", absent});
    EXPECT_EQ(answer.code, 3) << command;
    EXPECT_NE(answer.err.find("there is no domain '" + absent + "'"), std::string::npos)
        << command << ": " << answer.err;
  }
}

TEST_F(Output, AnExitCodeStaysWhereStderrCannotBeWritten) {
  const auto writer = gantry::GantryWriter::create({.domain = domain()}).value();
  for (const char* where : {"2>&-", "2>/dev/full"}) {
    EXPECT_EQ(run_in_shell(std::string("inspect nope ") + where).code, 3) << where;
    EXPECT_EQ(run_in_shell(std::string("set gantry cycle=1 ") + where).code, 6) << where;
    EXPECT_EQ(run_in_shell(std::string("list --wtach ") + where).code, 2) << where;
    EXPECT_EQ(run_in_shell(std::string("list >/dev/full ") + where).code, 1) << where;
  }
}

TEST_F(Output, AFullDiskIsToldOfHelpAndOfAPassToo) {
  for (const char* arguments :
       {"--help", "list --help", "--version", "supervise --once", "completion bash"}) {
    const ToolAnswer answer = run_in_shell(std::string(arguments) + " >/dev/full");
    EXPECT_EQ(answer.code, 1) << arguments;
    EXPECT_NE(answer.err.find("cannot write"), std::string::npos) << arguments << answer.err;
  }
}

TEST_F(Output, NoFileOfASegmentTakesThePlaceOfAClosedDescriptor) {
  Program program("/bin/sh", {"-c", command("supervise <&- >&- 2>&-")});
  for (const int fd : {0, 1, 2}) EXPECT_TRUE(comes_to_nothing(program.pid(), fd)) << fd;
  program.end();
  EXPECT_EQ(run_in_shell("list >&-").code, 1) << "output that goes nowhere counts as not written";
}

TEST_F(Output, AClosedTerminalEndsAPlotAndNothingWorse) {
  auto writer = gantry::GantryWriter::create({.domain = domain()}).value();
  writer.write({.cycle = 11});
  PseudoTerminal terminal(
      EVO_SHM, {"--domain", directory_.path().string(), "plot", "gantry", "--field", "cycle"});
  ASSERT_TRUE(terminal.shows("last 11")) << terminal.output();
  terminal.hang_up();
  EXPECT_EQ(terminal.join(), 1);
}

TEST_F(Output, VersionIsTold) {
  const ToolAnswer answer = run({"--version"});
  EXPECT_EQ(answer.code, 0) << answer.err;
  EXPECT_TRUE(std::regex_match(answer.out, std::regex(R"(evo-shm \d+\.\d+\.\d+\n)"))) << answer.out;
}

}  // namespace
}  // namespace evo::test
