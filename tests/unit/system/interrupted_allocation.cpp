// SPDX-License-Identifier: Apache-2.0
/// Allocation that signals interrupt, with a replacement for posix_fallocate: only old kernels undo
/// an interrupted allocation.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <functional>
#include <vector>

#include "outcome.hpp"
#include "system/file.hpp"
#include "temporary_domain.hpp"

namespace {

struct Call {
  off_t offset = 0;
  off_t length = 0;

  friend bool operator==(const Call&, const Call&) = default;
};

/// The requests made to posix_fallocate, and its answers.
std::vector<Call> calls;
std::function<int(const Call&)> answer;

}  // namespace

extern "C" int posix_fallocate(int /*fd*/, off_t offset, off_t length) {
  calls.push_back({offset, length});
  return answer(calls.back());
}

namespace evo::test {
namespace {

constexpr off_t kPage = 4096;

class InterruptedAllocation : public testing::Test {
 protected:
  [[nodiscard]] static Result<void> allocate(std::uint64_t size,
                                             std::function<int(const Call&)> by) {
    calls.clear();
    done_ = 0;
    answer = [by = std::move(by)](const Call& call) {
      const int error = by(call);
      // Nothing is left out, and nothing requested twice.
      EXPECT_EQ(call.offset, done_);
      EXPECT_GT(call.length, 0);
      if (error == 0) done_ += call.length;
      return error;
    };
    return allocate_file(-1, size, "/domain");
  }

  static off_t done_;
};

off_t InterruptedAllocation::done_ = 0;

TEST_F(InterruptedAllocation, IsOneCallWithoutSignals) {
  for (const std::uint64_t size :
       {std::uint64_t{1}, std::uint64_t{5000}, std::uint64_t{1} << 40U}) {
    EXPECT_EQ(outcome(allocate(size, [](const Call&) { return 0; })), "ok");
    EXPECT_EQ(calls, (std::vector<Call>{{0, static_cast<off_t>(size)}}));
  }
}

TEST_F(InterruptedAllocation, StepsBecomeAsSmallAsSignalsLetThem) {
  constexpr std::uint64_t kSize = (std::uint64_t{256} << 20U) + 123;
  for (const off_t longest : {kPage, 3 * kPage, off_t{1} << 20U}) {
    const auto done =
        allocate(kSize, [&](const Call& call) { return call.length > longest ? EINTR : 0; });
    EXPECT_EQ(outcome(done), "ok") << longest;
    EXPECT_EQ(done_, static_cast<off_t>(kSize));
    for (const Call& call : calls) EXPECT_EQ(call.offset % kPage, 0);
    // Each step is first tried at twice the length of the last one.
    EXPECT_LT(calls.size(), 30 + 4 * kSize / static_cast<std::uint64_t>(longest));
  }
}

TEST_F(InterruptedAllocation, StepsGrowAgain) {
  int left = 10;
  const auto done =
      allocate(std::uint64_t{1} << 30U, [&](const Call&) { return left-- > 0 ? EINTR : 0; });
  EXPECT_EQ(outcome(done), "ok");
  EXPECT_LT(calls.size(), 30U);
}

TEST_F(InterruptedAllocation, EverySecondOneMayBeInterrupted) {
  int count = 0;
  const auto done =
      allocate(std::uint64_t{64} << 20U, [&](const Call&) { return ++count % 2 != 0 ? EINTR : 0; });
  EXPECT_EQ(outcome(done), "ok");
  EXPECT_EQ(done_, off_t{64} << 20U);
}

TEST_F(InterruptedAllocation, EndsIfNothingEverSucceeds) {
  const auto done = allocate(std::uint64_t{1} << 20U, [](const Call&) { return EINTR; });
  EXPECT_EQ(outcome(done), "Io");
  EXPECT_TRUE(contains(message_of(done), "signals interrupted it 100 times in a row"))
      << message_of(done);
  EXPECT_EQ(calls.size(), 100U);
  EXPECT_EQ(calls.back(), (Call{0, kPage})) << "it has tried the smallest step";
}

TEST_F(InterruptedAllocation, OtherErrorsStayWhatTheyAre) {
  EXPECT_EQ(outcome(allocate(5000, [](const Call&) { return ENOSPC; })), "NoSpace");
  EXPECT_EQ(calls.size(), 1U);
  const auto full = allocate(std::uint64_t{1} << 20U, [](const Call& call) {
    return call.length > (1 << 18) ? EINTR : call.offset >= (1 << 19) ? ENOSPC : 0;
  });
  EXPECT_EQ(outcome(full), "NoSpace");
  EXPECT_TRUE(contains(message_of(full), "cannot allocate 1048576 bytes in '/domain'"))
      << message_of(full);
}

TEST_F(InterruptedAllocation, ASegmentIsMadeUnderPeriodicSignals) {
  const TemporaryDomain directory;
  calls.clear();
  answer = [](const Call& call) { return call.length > kPage ? EINTR : 0; };
  EXPECT_EQ(outcome(detail::UnnamedFile::make(directory.domain(), 100'000, 0600)), "ok");
  EXPECT_GT(calls.size(), 1U);
}

}  // namespace
}  // namespace evo::test
