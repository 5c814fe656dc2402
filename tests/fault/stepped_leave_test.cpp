// SPDX-License-Identifier: Apache-2.0
/// The last reader leaves a closed segment while another process is at each of its system calls: no
/// file stays, because each of the two may rely on the other only as long as that one is there.
#include <gtest/gtest.h>

#include <optional>

#include "evo/cleanup.hpp"
#include "evo/fencing.hpp"
#include "segment_ends.hpp"
#include "temporary_domain.hpp"
#include "traced_child.hpp"

namespace evo::test {
namespace {

using detail::Stop;
using detail::TracedChild;

ChannelDescription left_channel() {
  return raw_channel("probe", 64);
}

RawStateReader attach(const Domain& domain) {
  auto reader = RawStateReader::attach("probe", {.domain = domain});
  if (!reader) throw std::runtime_error(reader.error().message);
  return std::move(*reader);
}

/// Each system call stops twice, at its entry and its exit.
constexpr std::size_t kStopsPerCall = 2;

/// Steps until `stops` have passed; false if a mark or the end came first.
bool step(TracedChild& child, std::size_t stops) {
  for (std::size_t i = 0; i < stops; ++i) {
    if (child.step_system_call() != Stop::Step) return false;
  }
  return true;
}

void run_to_the_end(TracedChild& child) {
  while (child.run_to_mark() != Stop::Ended) {
  }
}

void expect_that_a_cleaner_removes_the_rest(bool dry_run) {
  bool over = false;
  std::size_t stops = 0;
  for (; !over; ++stops) {
    const TemporaryDomain directory;
    TracedChild cleaner([&] {
      TracedChild::mark();
      const auto report = cleanup_orphaned_segments(
          directory.domain(), {.grace = std::chrono::nanoseconds(0), .dry_run = dry_run});
      if (!report) throw std::runtime_error(report.error().message);
      TracedChild::mark();
    });
    ASSERT_EQ(cleaner.run_to_mark(), Stop::Mark);
    std::optional<RawStateWriter> writer = make_writer(directory.domain(), left_channel());
    std::optional<RawStateReader> reader = attach(directory.domain());
    writer.reset();
    over = !step(cleaner, stops);
    reader.reset();
    run_to_the_end(cleaner);
    ASSERT_EQ(directory.files(), std::vector<std::string>()) << "after " << stops << " stops";
  }
  EXPECT_GT(stops, 20U) << "the cleaner hardly makes a system call";
}

TEST(SteppedLeave, WhileACleanerLooks) {
  expect_that_a_cleaner_removes_the_rest(false);
}

TEST(SteppedLeave, WhileACleanerOnlyLooks) {
  expect_that_a_cleaner_removes_the_rest(true);
}

/// Where an administrator and the last reader stop while the writer closes and the reader leaves.
struct Stops {
  std::size_t before_close = 0;
  std::size_t before_leave = 0;
  std::size_t of_reader = 0;
};

/// What was still to come at those stops.
struct Ran {
  bool administrator = false;
  bool reader = false;
  bool close_left_files = false;
};

/// The administrator stops; the writer closes; the administrator goes on and stops again; the
/// reader leaves and stops; then the administrator goes on, and last the reader.
Ran leave_while_fencing(const Stops& stops) {
  // Enough for all that the administrator does unless it waits for the reader.
  constexpr std::size_t kAdministratorGoesOn = 60;
  const TemporaryDomain directory;
  TracedChild administrator([&] {
    TracedChild::mark();
    static_cast<void>(fence_off_writer(directory.domain(), "probe"));
    TracedChild::mark();
  });
  TracedChild leaver([&] {
    TracedChild::mark();
    std::optional<RawStateReader> reader = attach(directory.domain());
    TracedChild::mark();
    reader.reset();
    TracedChild::mark();
  });
  EXPECT_EQ(administrator.run_to_mark(), Stop::Mark);
  EXPECT_EQ(leaver.run_to_mark(), Stop::Mark);
  std::optional<RawStateWriter> writer = make_writer(directory.domain(), left_channel());
  EXPECT_EQ(leaver.run_to_mark(), Stop::Mark);
  Ran ran;
  ran.administrator = step(administrator, stops.before_close);
  writer.reset();
  ran.close_left_files = directory.files().size() > 1;
  ran.administrator = ran.administrator && step(administrator, stops.before_leave);
  ran.reader = step(leaver, stops.of_reader);
  if (ran.administrator) static_cast<void>(step(administrator, kAdministratorGoesOn));
  run_to_the_end(leaver);
  run_to_the_end(administrator);
  EXPECT_EQ(directory.files(), std::vector<std::string>())
      << "after " << stops.before_close << " and " << stops.before_leave
      << " stops of the administrator, and " << stops.of_reader << " of the reader";
  return ran;
}

TEST(SteppedLeave, WhileAnAdministratorFencesOff) {
  // First, until the administrator has locked the names, so that a closing writer relies on it.
  Stops stops;
  Ran ran{.administrator = true};
  while (true) {
    ran = leave_while_fencing(stops);
    ASSERT_TRUE(ran.administrator) << "the administrator never locks the names";
    if (ran.close_left_files) break;
    stops.before_close += kStopsPerCall;
  }
  std::size_t runs = 0;
  for (; ran.administrator; stops.before_leave += kStopsPerCall) {
    ran.reader = true;
    for (stops.of_reader = 0; ran.reader; stops.of_reader += kStopsPerCall, ++runs) {
      ran = leave_while_fencing(stops);
      ASSERT_FALSE(HasFailure());
    }
  }
  EXPECT_GT(runs, 50U);
}

}  // namespace
}  // namespace evo::test
