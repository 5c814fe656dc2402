// SPDX-License-Identifier: Apache-2.0
/// evo-shm cleanup: one pass.
#include "segments.hpp"
#include "tool.hpp"

namespace evo::test {
namespace {

class CleanupCommand : public ToolTest {};

TEST_F(CleanupCommand, RemovesAfterTheGracePeriodOnly) {
  EXPECT_EQ(steady(run({"cleanup"}).out), "nothing to clean up in DOMAIN\n");
  const auto live = RawStateWriter::create(raw_channel("live", 8), {.domain = domain()}).value();
  leave_orphan(domain(), raw_channel("probe", 8), 1);
  const auto files = directory_.files();
  const ToolAnswer would = run({"cleanup", "--dry-run", "--grace", "0s"});
  EXPECT_EQ(would.code, 0) << would.err;
  expect_golden("cleanup_dry_run.txt", steady(would.out));
  const ToolAnswer waiting = run({"cleanup", "--grace", "3600s"});
  EXPECT_EQ(waiting.code, 0) << waiting.err;
  expect_golden("cleanup_waiting.txt", steady(waiting.out));
  EXPECT_EQ(directory_.files(), files);
  const ToolAnswer removed = run({"cleanup", "--grace", "0s", "--format", "json"});
  EXPECT_EQ(removed.code, 0) << removed.err;
  expect_golden("cleanup.json", steady(removed.out));
  EXPECT_EQ(directory_.files().size(), 3U) << "the files of the live writer";
}

TEST_F(CleanupCommand, AClosedSegmentThatIsStillReadIsNothingWrong) {
  auto closed = RawStateWriter::create(raw_channel("probe", 8), {.domain = domain()});
  const auto reader = RawStateReader::attach("probe", {.domain = domain()});
  ASSERT_TRUE(closed && reader);
  closed = tl::unexpected(Error{});
  const ToolAnswer answer = run({"cleanup"});
  EXPECT_EQ(answer.code, 0);
  EXPECT_NE(answer.out.find("StillRead"), std::string::npos) << answer.out;
}

TEST_F(CleanupCommand, EndsWithOneIfSomethingStays) {
  std::ofstream(directory_.path() / "evo_probe.ctl") << "no control file";
  const ToolAnswer answer = run({"cleanup"});
  EXPECT_EQ(answer.code, 1);
  EXPECT_NE(answer.out.find("LeftAlone"), std::string::npos) << answer.out;
  EXPECT_EQ(run({"cleanup", "--grace", "soon"}).code, 2);
}

}  // namespace
}  // namespace evo::test
