// SPDX-License-Identifier: Apache-2.0
/// The data file truncated or with a hole punched in it under a reader. Only its owner can do that:
/// no other user can write the file. Even so, a reader must not pass the remains off as a value.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <map>

#include "fault_matrix.hpp"
#include "file_bytes.hpp"
#include "segment_ends.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

constexpr off_t kPage = 4096;

class DamagedData : public testing::Test {
 protected:
  /// A segment whose reader has read 7.
  void SetUp() override {
    writer_.emplace(make_writer(directory_.domain(), channel_));
    publish(*writer_, 7);
    reader_.emplace(make_reader(directory_.domain(), channel_));
    ASSERT_EQ(read_whole(*reader_), "7");
  }

  void start_over() {
    reader_.reset();
    writer_.reset();
    SetUp();
  }

  [[nodiscard]] off_t data_size() const {
    return static_cast<off_t>(std::filesystem::file_size(directory_.data_file()));
  }

  /// Frees the pages of the file; reading them gives zeros.
  void punch(off_t offset, off_t length) const {
    const int fd = ::open(directory_.data_file().c_str(), O_RDWR | O_CLOEXEC);
    const int failed = ::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length);
    ::close(fd);
    ASSERT_EQ(failed, 0);
  }

  TemporaryDomain directory_;
  ChannelDescription channel_ = [] {
    ChannelDescription channel = raw_channel("probe", 2 * kPage);
    channel.checksum = Checksum::Crc32c;
    return channel;
  }();
  std::optional<RawStateWriter> writer_;
  std::optional<RawStateReader> reader_;
};

TEST_F(DamagedData, HoleInAnyPageNeverPassesForAValue) {
  std::map<std::string, std::size_t> outcomes;
  const off_t size = data_size();
  for (off_t offset = 0; offset < size; offset += kPage) {
    if (offset != 0) start_over();
    punch(offset, kPage);
    ASSERT_FALSE(HasFailure());
    const std::string seen = read_whole(*reader_);
    ++outcomes[seen];
    EXPECT_TRUE(seen == "7" || seen == "Contended" || seen == "ChecksumMismatch")
        << "page at " << offset << ": " << seen;
    const std::string fresh = attach_and_read(directory_.domain(), channel_);
    EXPECT_TRUE(fresh == seen || fresh == "Corrupt") << "page at " << offset << ": " << fresh;
  }
  std::string words;
  for (const auto& [seen, count] : outcomes) words += fmt::format("{} {}x, ", seen, count);
  tried(static_cast<std::size_t>(size / kPage), words + "no wrong value (with checksum)");
}

TEST_F(DamagedData, HoleInAllSlotsLastsUntilTheNextWrite) {
  punch(kPage, data_size() - kPage);
  EXPECT_EQ(read_whole(*reader_), "Contended");
  EXPECT_EQ(attach_and_read(directory_.domain(), channel_), "Contended");
  writer_->write(bytes_of(whole_value(channel_.size, 8)));
  EXPECT_EQ(read_whole(*reader_), "8");
  tried(1, "Contended, and readable again after the next write");
}

TEST_F(DamagedData, HoleInEverythingNeverPassesForAValue) {
  punch(0, data_size());
  const std::string seen = read_whole(*reader_);
  EXPECT_EQ(seen, "Detached");
  EXPECT_EQ(attach_and_read(directory_.domain(), channel_), "Corrupt");
  tried(1, seen + ", a new reader Corrupt");
}

TEST_F(DamagedData, HoleInEverythingIsNoticedWithoutChecksumToo) {
  channel_.checksum = Checksum::None;
  start_over();
  punch(0, data_size());
  EXPECT_EQ(attach_and_read(directory_.domain(), channel_), "Corrupt");
  const std::string seen = read_whole(*reader_);
  EXPECT_EQ(seen, "Detached");
  tried(1, seen + ", a new reader Corrupt");
}

TEST_F(DamagedData, TruncatedIsCorruptForANewReader) {
  std::size_t tries = 0;
  const off_t size = data_size();
  for (const off_t left :
       {off_t{0}, off_t{1}, kPage - 1, kPage, kPage + 1, size - kPage, size - 1}) {
    if (tries++ != 0) start_over();
    ASSERT_EQ(::truncate(directory_.data_file().c_str(), left), 0);
    EXPECT_EQ(attach_and_read(directory_.domain(), channel_), "Corrupt") << left;
  }
  tried(tries, "Corrupt");
}

TEST_F(DamagedData, TruncatedKillsOrIsAnErrorForAnAttachedReader) {
  std::map<std::string, std::size_t> outcomes;
  const off_t size = data_size();
  std::size_t tries = 0;
  for (off_t left = 0; left < size; left += kPage, ++tries) {
    if (tries != 0) start_over();
    const ChildResult child = in_child([&]() -> std::string {
      ::signal(SIGBUS, SIG_DFL);  // a sanitizer would report it at length
      RawStateReader reader = make_reader(directory_.domain(), channel_);
      if (::truncate(directory_.data_file().c_str(), left) != 0) return "cannot truncate";
      return read_whole(reader);
    });
    const std::string seen = child.killed_by(SIGBUS) ? "killed by SIGBUS" : child.text;
    EXPECT_TRUE(seen == "killed by SIGBUS" || seen == "7" || seen == "Contended" ||
                seen == "ChecksumMismatch")
        << left << ": " << seen;
    ++outcomes[seen];
    // The mappings of these two can raise SIGBUS now, too.
    writer_.reset();
    reader_.reset();
  }
  std::string words;
  for (const auto& [seen, count] : outcomes) words += fmt::format("{} {}x, ", seen, count);
  tried(tries, words + "never a wrong value");
}

}  // namespace
}  // namespace evo::test
