// SPDX-License-Identifier: Apache-2.0
/// Which publish a successor takes as the last one, and what it refuses.
#include <gtest/gtest.h>

#include "memory_segment.hpp"
#include "segments.hpp"

namespace evo::test {
namespace {

class Takeover : public testing::TestWithParam<Kind> {
 protected:
  static ChannelDescription channel() {
    ChannelDescription channel = raw_channel("memory", 8);
    channel.kind = GetParam();
    channel.slots = 4;
    return channel;
  }
  [[nodiscard]] std::optional<Sequence> find() {
    const auto find_last =
        GetParam() == Kind::State ? &detail::find_last_complete : &detail::find_last_of_stream;
    return find_last(segment_.header(), segment_.slots(), segment_.geometry());
  }
  [[nodiscard]] detail::Word& version_of(Sequence n) {
    return segment_.version_of(segment_.geometry().index_of(n));
  }

  static constexpr Sequence kLast = 100;
  MemorySegment segment_{channel(), kLast};
};

TEST_P(Takeover, FindsTheLastPublish) {
  EXPECT_EQ(find(), kLast);
  version_of(kLast + 1) = detail::filling_version(kLast + 1);
  EXPECT_EQ(find(), kLast) << "it died while it filled the next slot";
  version_of(kLast + 1) = detail::complete_version(kLast + 1);
  EXPECT_EQ(find(), kLast + 1) << "it died before it updated the header";
}

TEST_P(Takeover, SlotThatIsNewerThanTheLastPublishIsRefused) {
  for (const Sequence n : {kLast + 2, kLast + 3, kLast + 50, Sequence{1} << 60U}) {
    version_of(n) = detail::complete_version(n);
    EXPECT_EQ(find(), std::nullopt) << n;
    version_of(n) = detail::filling_version(n);
    EXPECT_EQ(find(), std::nullopt) << "being filled, " << n;
    version_of(n) = detail::complete_version(n - segment_.geometry().count);
  }
}

TEST_P(Takeover, SlotThatIsTooOldIsRefused) {
  const Sequence old = kLast - 2 * Sequence{segment_.geometry().count};
  version_of(old) = detail::complete_version(old);
  EXPECT_EQ(find(), std::nullopt);
}

TEST_P(Takeover, SlotOfAnotherIndexIsRefused) {
  version_of(kLast - 1) = detail::complete_version(kLast - 2);
  EXPECT_EQ(find(), std::nullopt);
}

TEST_P(Takeover, EmptySlotOfALaterRoundIsRefused) {
  version_of(kLast - 1) = kNeverFilled;
  EXPECT_EQ(find(), std::nullopt);
}

TEST_P(Takeover, PublishZeroIsRefusedBeforeTheWrap) {
  for (const Sequence last : {Sequence{0}, Sequence{2}}) {
    MemorySegment young(channel(), 0);
    for (Sequence n = 1; n <= last; ++n) young.version_of(young.geometry().index_of(n)) = 2 * n;
    young.header().version = 2 * last;
    const auto find_last =
        GetParam() == Kind::State ? &detail::find_last_complete : &detail::find_last_of_stream;
    EXPECT_EQ(find_last(young.header(), young.slots(), young.geometry()), last);
    young.version_of(0) = detail::complete_version(0);
    EXPECT_EQ(find_last(young.header(), young.slots(), young.geometry()), std::nullopt) << last;
  }
}

TEST_P(Takeover, OddHeaderIsRefused) {
  segment_.header().version = detail::filling_version(kLast);
  EXPECT_EQ(find(), std::nullopt);
}

INSTANTIATE_TEST_SUITE_P(Kinds, Takeover, testing::Values(Kind::State, Kind::Stream),
                         [](const auto& kind) {
                           return kind.param == Kind::State ? "State" : "Stream";
                         });

}  // namespace
}  // namespace evo::test
