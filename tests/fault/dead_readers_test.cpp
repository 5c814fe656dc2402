// SPDX-License-Identifier: Apache-2.0
/// Many readers of a full blocking stream die at the same time.
#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "evo/raw_stream_reader.hpp"
#include "evo/raw_stream_writer.hpp"
#include "fault_matrix.hpp"
#include "segment_ends.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

class DeadReaders : public testing::Test {
 protected:
  static constexpr std::size_t kDead = 200;

  DeadReaders() {
    channel_.kind = Kind::Stream;
    channel_.overflow = Overflow::Block;
    channel_.slots = 4;
    channel_.max_readers = 3 * kDead;
    writer_.emplace(RawStreamWriter::create(channel_, {.domain = directory_.domain()}).value());
  }

  [[nodiscard]] RawStreamReader attach() const {
    return RawStreamReader::attach(channel_, {.domain = directory_.domain()}).value();
  }
  std::string push() { return outcome(writer_->push(bytes_of(std::uint64_t{1}))); }
  /// The readers of a process, which dies once they hold the writer back.
  void let_readers_die() {
    const Pipe ready;
    Child process([&]() -> std::string {
      std::vector<RawStreamReader> readers;
      while (readers.size() < kDead) readers.push_back(attach());
      ready.write("x");
      ::pause();
      return "";
    });
    if (!ready.await_byte()) throw std::runtime_error("no readers");
    while (push() == "ok") {
    }
    process.kill();
  }

  TemporaryDomain directory_;
  ChannelDescription channel_ = raw_channel("probe", 8);
  std::optional<RawStreamWriter> writer_;
};

TEST_F(DeadReaders, NextToEachOtherCostOnePush) {
  let_readers_die();
  EXPECT_EQ(push(), "ok");
  EXPECT_FALSE(writer_->slowest_reader());
  tried(kDead, "the next push drops them all");
}

TEST_F(DeadReaders, AmongLiveOnesAreDroppedPartByPart) {
  std::vector<std::optional<RawStreamReader>> readers(2 * kDead);
  for (auto& reader : readers) reader.emplace(attach());
  for (std::size_t i = 0; i < readers.size(); i += 2) readers[i].reset();
  let_readers_die();
  std::uint64_t value = 0;
  for (auto& reader : readers) {
    while (reader && reader->next(writable_bytes_of(value))) {
    }
  }
  std::size_t refused = 0;
  while (push() == "WouldBlock") {
    ASSERT_LT(++refused, 10U);
    const auto slowest = writer_->slowest_reader();
    ASSERT_TRUE(slowest);
  }
  EXPECT_EQ(refused, (kDead - 1) / 64) << "a push drops at most 64, so that none takes long";
  tried(kDead, "64 with each push, which says WouldBlock until the last of them is dropped");
}

}  // namespace
}  // namespace evo::test
