// SPDX-License-Identifier: Apache-2.0
/// evo-shm top while it runs: in its own terminal, and without one.
#include <gantry.evo.hpp>
#include <nlohmann/json.hpp>
#include <probe.evo.hpp>

#include "pseudo_terminal.hpp"
#include "segments.hpp"
#include "tool.hpp"

namespace evo::test {
namespace {

using gantry::GantryWriter;
using probe::ProbeWriter;

class Top : public ToolTest {
 protected:
  [[nodiscard]] std::vector<std::string> arguments(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"--domain", directory_.path().string(), "top"});
    return more;
  }

  /// Publishes until it is killed; it has published when the constructor returns.
  struct Publisher {
    explicit Publisher(const Domain& domain)
        : child([&]() -> std::string {
            auto writer = ProbeWriter::create({.domain = domain}).value();
            for (std::uint64_t cycle = 1;; ++cycle) {
              writer.write({.cycle = cycle, .contact = true});
              if (cycle == 1) ready.write("+");
              ::usleep(5'000);
            }
          }) {
      static_cast<void>(ready.await_byte());
    }
    Pipe ready;
    Child child;
  };
};

TEST_F(Top, ShowsSortsOpensAndSeesAWriterDie) {
  const auto gantry = [&] {
    auto writer = GantryWriter::create({.domain = domain()}).value();
    writer.write({.cycle = 4711, .offset = -3});
    return writer;
  }();
  Publisher publisher(domain());
  PseudoTerminal terminal(EVO_SHM, arguments({"--interval", "50ms"}));
  ASSERT_TRUE(terminal.shows("gantry")) << terminal.output();
  ASSERT_TRUE(terminal.shows("probe")) << terminal.output();
  EXPECT_FALSE(terminal.is_as_before()) << "keys are read as they are pressed";

  terminal.type("r");
  EXPECT_TRUE(terminal.shows("; by rate")) << terminal.screen();
  terminal.type("n");
  EXPECT_TRUE(terminal.shows("; by name")) << terminal.screen();
  terminal.type("n");
  EXPECT_TRUE(terminal.shows("; by name, reversed")) << terminal.screen();
  terminal.type("n");
  EXPECT_TRUE(terminal.shows_no("reversed")) << terminal.screen();

  // The first row by name is the gantry.
  terminal.type("\x1b[H\r");
  EXPECT_TRUE(terminal.shows("4711")) << terminal.screen();
  EXPECT_TRUE(terminal.shows("gantry_control")) << terminal.screen();
  terminal.type("\x1b");
  EXPECT_TRUE(terminal.shows("; by name")) << terminal.screen();

  EXPECT_TRUE(terminal.shows_no("\x1b[31mdead")) << terminal.screen();
  publisher.child.kill();
  EXPECT_TRUE(terminal.shows("\x1b[31mdead")) << terminal.screen();

  terminal.type("q");
  EXPECT_EQ(terminal.join(), 0);
  EXPECT_TRUE(terminal.screen_was_left()) << terminal.output();
  EXPECT_TRUE(terminal.is_as_before());
}

TEST_F(Top, AnOpenSegmentIsLive) {
  auto writer = GantryWriter::create({.domain = domain()}).value();
  writer.write({.cycle = 1001});
  PseudoTerminal terminal(EVO_SHM, arguments({"--interval", "50ms"}));
  ASSERT_TRUE(terminal.shows("gantry"));
  terminal.type("\r");
  EXPECT_TRUE(terminal.shows("1001")) << terminal.screen();
  writer.write({.cycle = 2002});
  EXPECT_TRUE(terminal.shows("2002")) << terminal.screen();
  // The last field, at first below the end of the screen.
  terminal.type("\x1b[F");
  EXPECT_TRUE(terminal.shows("offset")) << terminal.screen();
  terminal.type("qq");
  EXPECT_EQ(terminal.join(), 0);
}

TEST_F(Top, FiltersPausesHelpsAndFollowsTheTerminalsSize) {
  auto gantry = GantryWriter::create({.domain = domain()}).value();
  auto probe = ProbeWriter::create({.domain = domain()}).value();
  PseudoTerminal terminal(EVO_SHM, arguments({"--interval", "50ms"}));
  ASSERT_TRUE(terminal.shows("gantry"));
  terminal.type("/prq");
  EXPECT_TRUE(terminal.shows("names with: prq_")) << terminal.screen();
  EXPECT_TRUE(terminal.shows("no segment with this")) << terminal.screen();
  terminal.type("\x7fo\r");
  EXPECT_TRUE(terminal.shows("; 1 with 'pro'")) << terminal.screen();
  EXPECT_TRUE(terminal.shows_no("gantry")) << terminal.screen();
  terminal.type("?");
  EXPECT_TRUE(terminal.shows("these keys")) << terminal.screen();
  terminal.type("\x1b");
  EXPECT_TRUE(terminal.shows("; 1 with 'pro'")) << terminal.screen();
  terminal.type(" ");
  EXPECT_TRUE(terminal.shows("; paused")) << terminal.screen();
  terminal.type(" ");
  EXPECT_TRUE(terminal.shows_no("; paused")) << terminal.screen();
  EXPECT_TRUE(terminal.shows("MEMORY"));
  terminal.resize({10, 40, 0, 0});
  EXPECT_TRUE(terminal.shows_no("MEMORY")) << terminal.screen();
  terminal.type("q");
  EXPECT_EQ(terminal.join(), 0);
}

TEST_F(Top, SegmentsComeAndGo) {
  PseudoTerminal terminal(EVO_SHM, arguments());
  EXPECT_TRUE(terminal.shows("no segments yet")) << terminal.screen();
  {
    auto writer = ProbeWriter::create({.domain = domain()}).value();
    EXPECT_TRUE(terminal.shows("probe_writer")) << terminal.screen();
  }
  EXPECT_TRUE(terminal.shows("no segments yet")) << terminal.screen();
  terminal.type("q");
  EXPECT_EQ(terminal.join(), 0);
}

TEST_F(Top, ASignalLeavesTheTerminalAsItWas) {
  for (const int signal : {SIGINT, SIGTERM}) {
    PseudoTerminal terminal(EVO_SHM, arguments());
    ASSERT_TRUE(terminal.shows("no segments yet"));
    ::kill(terminal.pid(), signal);
    EXPECT_EQ(terminal.join(), 0);
    EXPECT_TRUE(terminal.screen_was_left()) << terminal.output();
    EXPECT_TRUE(terminal.is_as_before());
  }
}

TEST_F(Top, ATerminalThatTakesNothingDoesNotKeepItFromEnding) {
  auto probe = ProbeWriter::create({.domain = domain()}).value();
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
    PseudoTerminal terminal(EVO_SHM, arguments({"--interval", "10ms"}));
    ASSERT_TRUE(terminal.shows("probe"));
    terminal.fill();
    ::kill(terminal.pid(), signal);
    EXPECT_EQ(terminal.join_unread(), 0) << strsignal(signal);
    EXPECT_TRUE(terminal.is_as_before());
    terminal.forget();
  }
}

TEST_F(Top, KeysEndItOnATerminalThatTakesNothing) {
  PseudoTerminal terminal(EVO_SHM, arguments({"--interval", "10ms"}));
  ASSERT_TRUE(terminal.shows("no segments yet"));
  terminal.fill();
  terminal.resize({30, 100, 0, 0});
  terminal.type("q");
  EXPECT_EQ(terminal.join_unread(), 0);
  EXPECT_TRUE(terminal.is_as_before());
}

/// In a shell, because a terminal never stops a program that has no shell.
TEST_F(Top, StopsAndGoesOnWithTheTerminalRight) {
  auto probe = ProbeWriter::create({.domain = domain()}).value();
  PseudoTerminal terminal("/bin/bash", {"--norc", "--noprofile", "-i"});
  terminal.type("PS1='pro''mpt> '\n");
  ASSERT_TRUE(terminal.says("prompt> "));
  terminal.type(std::string(EVO_SHM) + " --domain " + directory_.path().string() +
                " top --interval 50ms\n");
  ASSERT_TRUE(terminal.shows("probe"));
  for (int times = 0; times < 2; ++times) {
    terminal.forget();
    terminal.type("\x1a");
    ASSERT_TRUE(terminal.says("prompt> ")) << terminal.output();
    EXPECT_TRUE(terminal.screen_was_left()) << "stopped";
    terminal.forget();
    terminal.type("fg\n");
    ASSERT_TRUE(terminal.shows("probe")) << "continued";
    EXPECT_FALSE(terminal.screen_was_left());
  }
  terminal.forget();
  terminal.type("q");
  ASSERT_TRUE(terminal.says("prompt> "));
  EXPECT_TRUE(terminal.screen_was_left());
  terminal.type("stty -a\n");
  EXPECT_TRUE(terminal.says(" icanon")) << terminal.output();
  EXPECT_TRUE(terminal.says(" echo ")) << terminal.output();
  terminal.type("exit\n");
  EXPECT_EQ(terminal.join(), 0);
}

TEST_F(Top, OnceIsATableOrADocument) {
  auto gantry = GantryWriter::create({.domain = domain()}).value();
  gantry.write({.cycle = 1});
  leave_orphan(domain(), raw_channel("probe", 8), 1);
  const ToolAnswer table = run({"top", "--once", "--interval", "10ms", "--sort", "state"});
  EXPECT_EQ(table.code, 0) << table.err;
  const std::regex pids("(tester|gantry_control) +[0-9]+");
  expect_golden("top.txt", steady(std::regex_replace(table.out, pids, "$1  PID")));
  const ToolAnswer answer = run({"top", "--once", "--interval", "10ms", "--format", "json"});
  const auto document = nlohmann::json::parse(answer.out);
  ASSERT_EQ(document.size(), 2U);
  EXPECT_EQ(document[0]["name"], "gantry");
  EXPECT_EQ(document[0]["rate_hz"], 0.0);
  EXPECT_EQ(document[1]["writer"]["state"], "dead");
  EXPECT_EQ(run({"top", "--once", "--interval", "1ms", "--filter", "pro"}).out.find("gantry"),
            std::string::npos);
}

TEST_F(Top, WithoutATerminalItSaysWhatToAdd) {
  const ToolAnswer answer = run({"top"});
  EXPECT_EQ(answer.code, 2);
  EXPECT_EQ(answer.out, "");
  EXPECT_EQ(answer.err, "evo-shm: top needs a terminal; add --once for one table\n");
  EXPECT_EQ(run({"top", "--format", "json"}).code, 2);
  EXPECT_EQ(run({"top", "--sort", "size"}).code, 2);
}

}  // namespace
}  // namespace evo::test
