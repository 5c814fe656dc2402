// SPDX-License-Identifier: Apache-2.0
/// The exit codes of docs/evo-shm.md, and that all output goes to the right stream.
#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <sys/stat.h>

#include <gantry.evo.hpp>
#include <nlohmann/json.hpp>

#include "program.hpp"
#include "segments.hpp"
#include "tool.hpp"

namespace evo::test {
namespace {

class ExitCode : public ToolTest {
 protected:
  /// A command that must fail prints the reason to stderr, and nothing to stdout.
  void expect_refused(int code, std::vector<std::string> arguments) const {
    const std::string shown = fmt::format("{}", fmt::join(arguments, " "));
    const ToolAnswer answer = run(std::move(arguments));
    EXPECT_EQ(answer.code, code) << shown << "\n" << answer.out << answer.err;
    EXPECT_EQ(answer.out, "") << shown;
    EXPECT_NE(answer.err, "") << shown;
  }
};

TEST_F(ExitCode, ZeroWhereAllIsWell) {
  EXPECT_EQ(run({"list"}).code, 0) << "an empty domain";
  const auto writer = gantry::GantryWriter::create({.domain = domain()}).value();
  EXPECT_EQ(run({"list"}).code, 0);
  EXPECT_EQ(run({"validate"}).code, 0);
  EXPECT_EQ(run({"diff", "gantry", std::string(EVO_SCHEMAS) + "/gantry.fbs", "-I",
                 std::string(EVO_SCHEMAS) + "/../../schemas"})
                .code,
            0);
}

TEST_F(ExitCode, OneWhereSomethingIsWrong) {
  leave_orphan(domain(), raw_channel("probe", 8), 1);
  EXPECT_EQ(run({"validate", "probe"}).code, 1);
  EXPECT_EQ(run({"inspect", "probe"}).code, 1);
  EXPECT_EQ(run({"list", "--wrong"}).code, 1);
}

/// A segment of a dead module that was cleaned up still counts as wrong while a reader is attached
/// to it, until a writer creates it again.
TEST_F(ExitCode, OneWhereReadersMissWhatWasRemovedAfterADeath) {
  leave_orphan(domain(), raw_channel("probe", 8), 1);
  auto reader = RawStateReader::attach("probe", {.domain = domain()});
  ASSERT_TRUE(reader);
  ASSERT_EQ(run({"cleanup", "--grace", "0"}).code, 0);
  const ToolAnswer list = run({"list", "--wrong"});
  EXPECT_EQ(list.code, 1);
  EXPECT_NE(list.out.find("removed"), std::string::npos) << list.out;
  const ToolAnswer validated = run({"validate"});
  EXPECT_EQ(validated.code, 1);
  EXPECT_NE(validated.out.find("1 reader is still attached"), std::string::npos) << validated.out;
  EXPECT_EQ(run({"graph", "--lint"}).code, 1);
  const auto json = nlohmann::json::parse(run({"list", "--format", "json"}).out);
  EXPECT_EQ(json[0]["condition"], "removed");
  EXPECT_EQ(json[0]["writer"]["state"], "dead");
  {
    const auto writer = RawStateWriter::create(raw_channel("probe", 8), {.domain = domain()});
    ASSERT_TRUE(writer);
    EXPECT_EQ(run({"list", "--wrong"}).code, 0);
    EXPECT_EQ(run({"validate"}).code, 0);
  }
  EXPECT_EQ(run({"list", "--wrong"}).code, 0) << "closed is not wrong";
  EXPECT_EQ(run({"validate"}).code, 0);
  EXPECT_NE(run({"list"}).out.find("closed"), std::string::npos);
}

TEST_F(ExitCode, OneWhereAnExpectedSegmentIsMissing) {
  const auto expect = [&](std::vector<std::string> more) {
    more.insert(more.begin(), "list");
    return run(std::move(more));
  };
  EXPECT_EQ(expect({"--expect", "probe"}).code, 1);
  EXPECT_TRUE(
      std::regex_search(expect({"--expect", "probe"}).out, std::regex("probe +- +absent ")));
  const auto json = nlohmann::json::parse(expect({"--expect", "probe", "--format", "json"}).out);
  EXPECT_EQ(json.at(0).at("name"), "probe");
  EXPECT_EQ(json.at(0).at("condition"), "absent");
  {
    const auto writer = RawStateWriter::create(raw_channel("probe", 8), {.domain = domain()});
    ASSERT_TRUE(writer);
    EXPECT_EQ(expect({"--expect", "probe"}).code, 0);
    EXPECT_EQ(expect({"--expect", "probe", "other"}).code, 1);
    EXPECT_EQ(expect({"--wrong", "--expect", "probe"}).code, 0);
    EXPECT_EQ(expect({"--wrong", "--expect", "probe"}).out.find("probe"), std::string::npos);
  }
  leave_orphan(domain(), raw_channel("probe", 8), 1);
  EXPECT_EQ(expect({}).code, 0);
  EXPECT_EQ(expect({"--expect", "probe"}).code, 1) << "its writer is dead";
  expect_refused(2, {"list", "--expect", "Probe!"});
}

TEST_F(ExitCode, OneWhereAnExpectedSegmentIsClosed) {
  auto writer = RawStateWriter::create(raw_channel("probe", 8), {.domain = domain()});
  const auto reader = RawStateReader::attach("probe", {.domain = domain()});
  ASSERT_TRUE(writer && reader);
  writer = tl::unexpected(Error{});
  EXPECT_EQ(run({"list", "--wrong"}).code, 0);
  EXPECT_EQ(run({"list", "--expect", "probe"}).code, 1);
  const ToolAnswer list = run({"list", "--wrong", "--expect", "probe"});
  EXPECT_EQ(list.code, 1);
  EXPECT_NE(list.out.find("closed"), std::string::npos) << list.out;
}

TEST_F(ExitCode, HelpAndVersionAreCommandsToo) {
  EXPECT_EQ(run({"help"}).out, run({"--help"}).out);
  EXPECT_EQ(run({"help", "watch"}).out, run({"watch", "--help"}).out);
  EXPECT_EQ(run({"help", "snapshot", "save"}).out, run({"snapshot", "save", "--help"}).out);
  EXPECT_EQ(run({"version"}).out, run({"--version"}).out);
  EXPECT_EQ(run({"help", "echo"}).out, run({"help", "watch"}).out) << "an alias of it";
  expect_refused(2, {"help", "wacth"});
  EXPECT_EQ(run({"wacth", "--help"}).code, 2) << "not the help of evo-shm itself";
}

TEST_F(ExitCode, TwoForWrongUsage) {
  expect_refused(2, {});
  expect_refused(2, {"lsit"});
  expect_refused(2, {"list", "--wtach"});
  expect_refused(2, {"inspect"});
  expect_refused(2, {"inspect", "Gantry!"});
  expect_refused(2, {"list", "--format", "xml"});
  expect_refused(2, {"watch", "gantry", "--for", "soon"});
  expect_refused(2, {"watch", "gantry", "--count", "0"});
  expect_refused(2, {"watch", "gantry", "--count", "99999999999999999999"});
}

TEST_F(ExitCode, AMistakeInTheCommandLineIsToldWithWhereToLook) {
  EXPECT_EQ(run({"inspect"}).err, "evo-shm: segment is required; see evo-shm inspect --help\n");
  EXPECT_EQ(run({"list", "--wtach"}).err,
            "evo-shm: there is no option --wtach; did you mean '--watch'?\n");
  EXPECT_EQ(run({"list", "--gargle"}).err,
            "evo-shm: there is no option --gargle; see evo-shm list --help\n");
  EXPECT_EQ(run({"list", "--format", "yaml"}).err,
            "evo-shm: there is no format 'yaml'; choose table or json; see evo-shm list --help\n");
  EXPECT_EQ(run({"watch", "gantry", "--count", "-1"}).err,
            "evo-shm: --count: '-1' is not a positive whole number; see evo-shm watch --help\n");
  EXPECT_EQ(run({"cleanup", "--grace"}).err,
            "evo-shm: --grace needs a value; see evo-shm cleanup --help\n");
  EXPECT_EQ(run({}).err, "evo-shm: A subcommand is required; see evo-shm --help\n");
}

TEST_F(ExitCode, ADomainIsANameOrAnAbsolutePath) {
  for (const char* name : {"usr", "./here"}) {
    const auto list = run_program(EVO_SHM, {"--domain", name, "list"});
    EXPECT_EQ(list.code, 2);
    EXPECT_NE(list.err.find("choose 'system', 'user' or an absolute directory"), std::string::npos)
        << list.err;
  }
}

TEST_F(ExitCode, AMistypedCommandIsToldWhatItMayHaveMeant) {
  EXPECT_NE(run({"insepct", "gantry"}).err.find("did you mean 'inspect'?"), std::string::npos);
  EXPECT_EQ(run({"show", "gantry"}).err, "evo-shm: there is no command 'show'; use 'inspect'\n");
  EXPECT_EQ(run({"help", "rm"}).err, "evo-shm: there is no command 'rm'; use 'cleanup'\n");
  EXPECT_NE(run({"frobnicate"}).err.find("--help lists them"), std::string::npos);
  const auto writer = gantry::GantryWriter::create({.domain = domain()}).value();
  expect_refused(2, {"watch", "gantry", "--in-place"});
}

TEST_F(ExitCode, ThreeForWhatIsNotThere) {
  const auto writer = gantry::GantryWriter::create({.domain = domain()}).value();
  for (const char* command : {"inspect", "watch", "readers", "schema", "validate"}) {
    expect_refused(3, {command, "nobody"});
  }
  expect_refused(3, {"watch", "gantry", "--field", "axes[3].position"});
  expect_refused(3, {"diff", "gantry", "no_such.fbs"});
  expect_refused(3, {"deadlines", "show", "nobody"});
}

TEST_F(ExitCode, FourForALayoutThatDiffers) {
  auto writer = gantry::GantryWriter::create({.domain = domain()}).value();
  const ToolAnswer idl = run({"schema", "gantry", "--fbs"});
  const auto file = directory_.path() / "changed.fbs";
  std::ofstream(file) << std::regex_replace(idl.out, std::regex("mm/s"), "m/s");
  const ToolAnswer answer = run({"diff", "gantry", file.string()});
  EXPECT_EQ(answer.code, 4) << answer.err;
  EXPECT_NE(answer.out.find(
                "unit changed: axes[].velocity: \"mm/s\" in the segment, \"m/s\" in this reader"),
            std::string::npos)
      << answer.out;
}

TEST_F(ExitCode, FiveWhereThisUserMayNotLook) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  const auto writer = gantry::GantryWriter::create({.domain = domain()}).value();
  ::chmod(directory_.path().c_str(), 0755);
  const ChildResult child = in_child([&]() -> std::string {
    if (::setgid(65534) != 0 || ::setuid(65534) != 0) return "no other user";
    const ToolAnswer answer = run({"watch", "gantry"});
    return fmt::format("{} {} {}", answer.code, answer.out.empty(), !answer.err.empty());
  });
  EXPECT_EQ(child.text, "5 true true");
}

TEST_F(ExitCode, FullDiskIsToldAndAClosedPipeIsNot) {
  const auto writer = gantry::GantryWriter::create({.domain = domain()}).value();
  const std::string command =
      fmt::format("'{}' --domain '{}' list", EVO_SHM, directory_.path().string());
  const ToolAnswer full = run_program("/bin/sh", {"-c", command + " > /dev/full"});
  EXPECT_EQ(full.code, 1);
  EXPECT_NE(full.err.find("cannot write"), std::string::npos) << full.err;
  const ToolAnswer closed = run_program("/bin/sh", {"-c", command + " | true"});
  EXPECT_EQ(closed.err, "");
}

TEST_F(ExitCode, NothingIsColouredForAPipe) {
  leave_orphan(domain(), raw_channel("probe", 8), 1);
  EXPECT_EQ(run({"list"}).out.find('\x1b'), std::string::npos);
  EXPECT_EQ(run({"validate"}).out.find('\x1b'), std::string::npos);
}

/// Read access for the group is enough to inspect.
TEST_F(ExitCode, AMemberOfTheGroupCanLook) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  constexpr gid_t kGroup = 65533;
  ChannelDescription channel = raw_channel("probe", 8);
  channel.access = Access::Group;
  auto writer = RawStateWriter::create(channel, {.domain = domain()}).value();
  writer.write(bytes_of(std::uint64_t{7}));
  ::chmod(directory_.path().c_str(), 0755);
  for (const std::string& file : directory_.files()) {
    ASSERT_EQ(::chown((directory_.path() / file).c_str(), 0, kGroup), 0);
  }
  ::chmod((directory_.path() / "evo_probe.ctl").c_str(), 0640);
  const ChildResult child = in_child([&]() -> std::string {
    if (::setgroups(0, nullptr) != 0 || ::setgid(kGroup) != 0 || ::setuid(65534) != 0) {
      return "no other user";
    }
    const ToolAnswer answer = run({"inspect", "probe"});
    return fmt::format("{} {} {}", answer.code, answer.err,
                       answer.out.find("0700 0000") != std::string::npos);
  });
  EXPECT_EQ(child.text, "0  true");
}

}  // namespace
}  // namespace evo::test
