// SPDX-License-Identifier: Apache-2.0
/// Two segments whose data files would have the same name.
#include "attachment/data_file.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <barrier>
#include <fstream>
#include <thread>

#include "file_bytes.hpp"
#include "segments.hpp"
#include "system/kernel_lock.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

TEST(DataFile, IsInUseAsLongAsItIsMapped) {
  const TemporaryDomain directory;
  const auto path = directory.path() / "evo_tester_probe_1";
  std::optional<detail::Mapping> mapping;
  {
    auto file = detail::UnnamedFile::make(directory.domain(), 4096, 0600);
    ASSERT_TRUE(file) << message_of(file);
    detail::mark_in_use(file->fd());
    mapping.emplace(detail::Mapping::map(file->fd(), 4096, detail::Protection::ReadWrite).value());
    ASSERT_TRUE(file->link(path));
  }
  const detail::FileDescriptor other(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  EXPECT_TRUE(detail::is_in_use(other.get()));
  mapping.reset();
  EXPECT_FALSE(detail::is_in_use(other.get()));
}

ChannelDescription channel_of(std::string_view owner, std::string_view name) {
  ChannelDescription channel = raw_channel(name, 8);
  channel.owner = owner;
  return channel;
}

/// The data file of either would be evo_a_b_c_{pid}.
class Ambiguous : public testing::Test {
 protected:
  Result<RawStateWriter> create(const ChannelDescription& channel) const {
    return RawStateWriter::create(channel, {.domain = directory_.domain()});
  }
  [[nodiscard]] std::filesystem::path shared_file() const {
    return directory_.path() / fmt::format("evo_a_b_c_{}", ::getpid());
  }

  TemporaryDomain directory_;
  ChannelDescription longer_ = channel_of("a", "b_c");
  ChannelDescription shorter_ = channel_of("a_b", "c");
};

TEST_F(Ambiguous, SecondIsRefusedAndNamesTheFirst) {
  auto first = create(longer_);
  ASSERT_TRUE(first) << message_of(first);
  first->write(bytes_of(std::uint64_t{5}));
  const auto second = create(shorter_);
  EXPECT_EQ(outcome(second), "AlreadyExists");
  EXPECT_TRUE(contains(message_of(second), "segment 'b_c'")) << message_of(second);
  EXPECT_EQ(read_number(RawStateReader::attach("b_c", {.domain = directory_.domain()}).value()),
            "5");
  EXPECT_EQ(directory_.files().size(), 3U) << "the second left nothing behind";
}

TEST_F(Ambiguous, NeverBothThoughTheyComeTogether) {
  constexpr int kRounds = 300;
  int won = 0;
  for (int round = 0; round < kRounds; ++round) {
    std::barrier start(2);
    std::barrier look(2);
    std::atomic<int> writers{0};
    const auto compete = [&](const ChannelDescription& channel) {
      start.arrive_and_wait();
      const auto writer = create(channel);
      if (writer) ++writers;
      look.arrive_and_wait();
    };
    std::thread other([&] { compete(longer_); });
    compete(shorter_);
    other.join();
    ASSERT_LE(writers, 1);
    won += writers;
    ASSERT_TRUE(directory_.files().empty());
  }
  EXPECT_GT(won, 0);
}

TEST_F(Ambiguous, WhatALiveWriterHasRecordedIsNoLeftover) {
  // A writer of 'c' that has recorded the name but not yet marked the segment as open.
  auto control = detail::lock_control(directory_.domain(), shorter_);
  ASSERT_TRUE(control) << message_of(control);
  DataFileName& entry = (*control)->data_files[1];
  detail::store_text(entry.module.data(), entry.module.size(), "a_b");
  entry.pid = static_cast<std::uint32_t>(::getpid());
  std::ofstream(shared_file()) << "its file";
  EXPECT_EQ(outcome(create(longer_)), "AlreadyExists");
  EXPECT_TRUE(std::filesystem::exists(shared_file()));
  // It dies: now the file is a leftover.
  detail::unlock(control->fd.get(), kWriterLockByte);
  EXPECT_EQ(outcome(create(longer_)), "ok");
}

TEST_F(Ambiguous, HeirOfADeadOneLeavesTheFileToItsUser) {
  auto writer = create(longer_);
  ASSERT_TRUE(writer) << message_of(writer);
  writer->write(bytes_of(std::uint64_t{5}));
  // A writer of 'c', with the pid of this process, died before it linked its file.
  {
    auto control = detail::lock_control(directory_.domain(), shorter_);
    ASSERT_TRUE(control) << message_of(control);
    DataFileName& entry = (*control)->data_files[1];
    detail::store_text(entry.module.data(), entry.module.size(), "a_b");
    entry.pid = static_cast<std::uint32_t>(::getpid());
  }
  auto heir = create(channel_of("other", "c"));
  ASSERT_TRUE(heir) << message_of(heir);
  EXPECT_EQ(read_number(RawStateReader::attach("b_c", {.domain = directory_.domain()}).value()),
            "5");
}

}  // namespace
}  // namespace evo::test
