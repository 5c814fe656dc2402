// SPDX-License-Identifier: Apache-2.0
/// evo-shm deadlines: switches, shows, and refuses.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <regex>

#include "program.hpp"
#include "segments.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

class Deadlines : public testing::Test {
 protected:
  /// The exit code and the output, with words separated by single blanks.
  [[nodiscard]] std::string run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"--domain", directory_.path().string(), "deadlines"});
    Program program(EVO_SHM, arguments);
    std::string text;
    const int code = program.join(&text);
    return std::regex_replace(fmt::format("{}: {}", code, text), std::regex(" +"), " ");
  }

  TemporaryDomain directory_;
};

TEST_F(Deadlines, AreCountedFromStartToStop) {
  auto writer =
      RawStateWriter::create(raw_channel("probe", 8), {.domain = directory_.domain()}).value();
  auto reader = RawStateReader::attach("probe", {.domain = directory_.domain()}).value();
  const auto operate = [&] {
    writer.write(bytes_of(std::uint64_t{1}));
    static_cast<void>(read_number(reader));
  };
  operate();
  EXPECT_TRUE(run({"show", "probe"}).starts_with("0: probe: no deadline watch was started"));
  EXPECT_EQ(run({"start", "probe", "--deadline", "1ns", "--write", "3600s"}), "0: ");
  operate();
  operate();
  std::string shown = run({"show", "probe"});
  EXPECT_TRUE(shown.starts_with(
      "0: probe: deadline watch 1 is on; interval 1 ns, write 60 min, read 100 us\n"))
      << shown;
  const std::string writer_line = fmt::format("\nwriter {} tools_tests 2 ", ::getpid());
  EXPECT_TRUE(contains(shown, writer_line + "1 0 0 ")) << shown;
  EXPECT_TRUE(contains(shown, fmt::format("\nreader {} tools_tests 2 1 ", ::getpid()))) << shown;
  EXPECT_EQ(run({"stop", "probe"}), "0: ");
  operate();
  shown = run({"show", "probe"});
  EXPECT_TRUE(shown.starts_with("0: probe: deadline watch 1 is off; ")) << shown;
  EXPECT_TRUE(contains(shown, writer_line)) << shown;
}

TEST_F(Deadlines, OfNoSegmentAndWrongOnesAreRefused) {
  EXPECT_TRUE(run({"start", "probe"}).starts_with("3: evo-shm: NotFound: "))
      << run({"start", "probe"});
  EXPECT_TRUE(run({"start", "probe", "--deadline", "soon"}).starts_with("2: "));
  EXPECT_TRUE(run({"start", "probe", "--deadline", "-1ms"}).starts_with("2: "));
  EXPECT_TRUE(run({"start"}).starts_with("2: "));
  EXPECT_TRUE(run({}).starts_with("2: "));
}

}  // namespace
}  // namespace evo::test
