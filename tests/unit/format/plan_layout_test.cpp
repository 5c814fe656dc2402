// SPDX-License-Identifier: Apache-2.0
/// Which descriptions of a segment no file can have.
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "evo/format/segment_header.hpp"
#include "outcome.hpp"
#include "segments.hpp"

namespace evo::test {
namespace {

TEST(PlanLayout, RefusesSizesOutOfRange) {
  const auto plan = [](std::size_t size, std::uint32_t slots) {
    return outcome(plan_layout(raw_channel("probe", size, slots)));
  };
  constexpr std::size_t kGigabyte = std::size_t{1} << 30;
  EXPECT_EQ(plan(0, 2), "InvalidSize");
  EXPECT_EQ(plan(1, 2), "ok");
  EXPECT_EQ(plan(kGigabyte + 1, 2), "InvalidSize");
  EXPECT_EQ(plan(kGigabyte, 2), "InvalidSize") << "two slots of 1 GiB";
  EXPECT_EQ(plan(~std::size_t{0}, 2), "InvalidSize");
  EXPECT_EQ(plan(kGigabyte / 2 - 8192, 2), "ok");
  EXPECT_EQ(plan(kGigabyte / 2, 2), "InvalidSize");
  for (const std::size_t size : {std::size_t{0}, kGigabyte + 1}) {
    EXPECT_TRUE(contains(message_of(plan_layout(raw_channel("probe", size, 2))), "1 byte to 1 GiB"))
        << size;
  }
}

TEST(PlanLayout, RefusesNumbersOutOfRange) {
  const auto plan = [](auto change) {
    ChannelDescription channel = raw_channel("probe", 8);
    change(channel);
    return outcome(plan_layout(channel));
  };
  EXPECT_EQ(plan([](auto& c) { c.slots = 0; }), "InvalidSize");
  EXPECT_EQ(plan([](auto& c) { c.slots = 1; }), "InvalidSize");
  EXPECT_EQ(plan([](auto& c) { c.slots = 64; }), "ok");
  EXPECT_EQ(plan([](auto& c) { c.slots = 65; }), "InvalidSize");
  EXPECT_EQ(plan([](auto& c) { c.slots = ~0U; }), "InvalidSize");
  EXPECT_EQ(plan([](auto& c) { c.max_readers = 0; }), "InvalidSize");
  EXPECT_EQ(plan([](auto& c) { c.max_readers = 10240; }), "ok");
  EXPECT_EQ(plan([](auto& c) { c.max_readers = 10241; }), "InvalidSize");
  EXPECT_EQ(plan([](auto& c) { c.alignment = 128; }), "InvalidSize");
  EXPECT_EQ(plan([](auto& c) { c.kind = static_cast<Kind>(9); }), "InvalidSize");
}

TEST(PlanLayout, RefusesSchemasThatAreTooLarge) {
  ChannelDescription channel = raw_channel("probe", 8);
  const std::vector<std::uint8_t> large((std::size_t{4} << 20) + 1);
  channel.bfbs = large;
  EXPECT_EQ(outcome(plan_layout(channel)), "InvalidSchema");
  channel.bfbs = {};
  const std::vector<CompatibleLayout> many(kMaximumCompatible + 1);
  channel.compatible = many;
  EXPECT_EQ(outcome(plan_layout(channel)), "InvalidSchema");
}

}  // namespace
}  // namespace evo::test
