// SPDX-License-Identifier: Apache-2.0
/// The last endpoint to close removes all files, in whatever order the endpoints close.
#include "attachment/teardown.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <barrier>
#include <thread>

#include "segments.hpp"
#include "system/kernel_lock.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

class Teardown : public testing::Test {
 protected:
  [[nodiscard]] std::optional<RawStateWriter> create() const {
    auto writer = RawStateWriter::create(raw_channel("probe", 8), {.domain = directory_.domain()});
    if (!writer) throw std::runtime_error(writer.error().message);
    return std::move(*writer);
  }
  [[nodiscard]] std::optional<RawStateReader> attach() const {
    auto reader = RawStateReader::attach("probe", {.domain = directory_.domain()});
    if (!reader) throw std::runtime_error(reader.error().message);
    return std::move(*reader);
  }
  [[nodiscard]] detail::Control open() const {
    auto control = detail::open_control(directory_.domain(), "probe", Access::Owner);
    if (!control) throw std::runtime_error(control.error().message);
    return std::move(*control);
  }

  TemporaryDomain directory_;
};

TEST_F(Teardown, ReaderThatFindsTheWritersLockTakenLeavesTheRestToItsHolder) {
  auto writer = create();
  auto reader = attach();
  writer.reset();
  const detail::Control control = open();
  ASSERT_TRUE(detail::try_lock(control.fd.get(), kWriterLockByte).value());
  reader.reset();
  EXPECT_EQ(directory_.files().size(), 1U);
  detail::tear_down(directory_.domain(), "probe", control);
  EXPECT_TRUE(directory_.files().empty());
}

TEST_F(Teardown, LetsGoOfTheWritersLock) {
  auto writer = create();
  const auto reader = attach();
  writer.reset();
  const detail::Control control = open();
  ASSERT_TRUE(detail::try_lock(control.fd.get(), kWriterLockByte).value());
  detail::tear_down(directory_.domain(), "probe", control);
  EXPECT_EQ(directory_.files().size(), 1U) << "the reader is still attached";
  EXPECT_FALSE(detail::is_locked(open().fd.get(), kWriterLockByte));
}

TEST_F(Teardown, TruncatedControlFileIsNotLockedForCleanup) {
  leave_orphan(directory_.domain(), raw_channel("probe", 8), 1);
  const auto control = detail::copy_control(directory_.domain(), "probe", O_RDWR);
  ASSERT_TRUE(control) << message_of(control);
  std::filesystem::resize_file(control->path, 4096);
  EXPECT_FALSE(detail::CleanupLock::take(*control));
  EXPECT_FALSE(detail::is_locked(open().fd.get(), kWriterLockByte));
}

TEST_F(Teardown, NothingStaysWhenAllGoAtOnce) {
  constexpr int kRounds = 1500;
  for (int round = 0; round < kRounds; ++round) {
    auto writer = create();
    auto first = attach();
    auto second = attach();
    std::barrier start(3);
    std::thread one([&] {
      start.arrive_and_wait();
      first.reset();
    });
    std::thread two([&] {
      start.arrive_and_wait();
      second.reset();
    });
    start.arrive_and_wait();
    writer.reset();
    one.join();
    two.join();
    ASSERT_TRUE(directory_.files().empty()) << "round " << round;
  }
}

}  // namespace
}  // namespace evo::test
