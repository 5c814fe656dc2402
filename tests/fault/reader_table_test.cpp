// SPDX-License-Identifier: Apache-2.0
/// A full reader table refuses the next reader and evicts none.
#include <gtest/gtest.h>

#include "fault_matrix.hpp"
#include "segment_ends.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

/// A reader in a separate process that lives until it is killed.
class DistantReader {
 public:
  DistantReader(const Domain& domain, const ChannelDescription& channel)
      : child_([this, domain, channel]() -> std::string {
          RawStateReader reader = make_reader(domain, channel);
          ready_.write("x");
          while (question_.await_byte()) {
            const std::string answer = read_whole(reader) + "\n";
            answer_.write(answer == "7\n" ? "y" : "n");
          }
          return "";
        }) {
    ready_.close_writing();
    answer_.close_writing();
    if (!ready_.await_byte()) throw std::runtime_error("no reader");
  }

  /// Whether it still reads 7.
  [[nodiscard]] bool reads() const {
    question_.write("?");
    char said = 0;
    return ::read(answer_.reading(), &said, 1) == 1 && said == 'y';
  }

  void kill() { child_.kill(); }

 private:
  Pipe ready_;
  Pipe question_;
  Pipe answer_;
  Child child_;
};

TEST(ReaderTable, FullTurnsTheNextAwayAndNobodyOut) {
  constexpr int kRounds = 20;
  const TemporaryDomain directory;
  ChannelDescription channel = raw_channel("probe", 256);
  channel.max_readers = 3;
  RawStateWriter writer = make_writer(directory.domain(), channel);
  publish(writer, 7);
  std::array<std::optional<DistantReader>, 3> readers;
  for (auto& reader : readers) reader.emplace(directory.domain(), channel);
  for (std::size_t round = 0; round < kRounds; ++round) {
    EXPECT_EQ(attach_and_read(directory.domain(), channel), "ReaderTableFull") << round;
    for (const auto& reader : readers) ASSERT_TRUE(reader->reads()) << round;
    auto& victim = readers[round % readers.size()];
    victim->kill();
    ASSERT_EQ(attach_and_read(directory.domain(), channel), "7")
        << round << ": not free immediately";
    victim.emplace(directory.domain(), channel);
  }
  tried(kRounds, "4th ReaderTableFull, 3 go on; one killed: the next attaches at once");
}

}  // namespace
}  // namespace evo::test
