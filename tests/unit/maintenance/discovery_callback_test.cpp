// SPDX-License-Identifier: Apache-2.0
/// Callbacks of a discovery: what they may call, and the order in which they receive events.
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>

#include "evo/format.hpp"
#include "maintenance/discovery_fixture.hpp"

namespace evo::test {
namespace {

TEST_F(Discovery, ACallbackMayAskForMore) {
  for (int i = 0; i < 40; ++i) {
    leave_orphan(domain_, raw_channel(fmt::format("more_{}", i), 8));
  }
  std::string named;
  discovery_->on_change([&](DiscoveryEvent, const SegmentInfo& info) {
    if (!named.empty()) return;
    const std::string name = info.name;
    named = "?";
    for (int i = 0; i < 40; ++i) static_cast<void>(discovery_->refresh(fmt::format("more_{}", i)));
    named = name == info.name ? name : "another";
  });
  EXPECT_TRUE(discovery_->refresh("more_7"));
  EXPECT_EQ(named, "more_7");
}

/// The events that a callback received, "<Event> <segment>" each.
using Heard = std::vector<std::string>;

SegmentDiscovery::Callback hearing(Heard& heard) {
  return [&heard](DiscoveryEvent event, const SegmentInfo& info) {
    heard.push_back(fmt::format("{} {}", to_string(event), info.name));
  };
}

TEST_F(Discovery, ACallbackMayAddOthersWhichHearFromTheNextEventOn) {
  std::vector<Heard> heard(100);  // enough to move every list
  const std::string captured = "longer than a small string";
  std::string seen;
  discovery_->on_change([&, captured](DiscoveryEvent, const SegmentInfo&) {
    if (!seen.empty()) return;
    for (Heard& each : heard) discovery_->on_change(hearing(each));
    seen = captured;
  });
  leave_orphan(domain_, raw_channel("first", 8));
  leave_orphan(domain_, raw_channel("second", 8));
  EXPECT_EQ(discovery_->rescan().value(), 2U);
  EXPECT_EQ(seen, captured);
  for (const Heard& each : heard) {
    EXPECT_EQ(each, (Heard{"Appeared first", "Appeared second"}))
        << "each once, in its present state";
  }
  leave_orphan(domain_, raw_channel("third", 8));
  EXPECT_EQ(discovery_->rescan().value(), 1U);
  for (const Heard& each : heard) {
    EXPECT_EQ(each, (Heard{"Appeared first", "Appeared second", "Appeared third"}));
  }
}

TEST_F(Discovery, ARemovedCallbackIsNotCalledAnyMore) {
  Heard kept;
  Heard removed;
  const CallbackId id = discovery_->on_change(hearing(removed));
  discovery_->on_change(hearing(kept));
  leave_orphan(domain_, raw_channel("first", 8));
  EXPECT_TRUE(discovery_->refresh("first"));
  EXPECT_TRUE(discovery_->remove_callback(id));
  EXPECT_FALSE(discovery_->remove_callback(id)) << "it has already been removed";
  leave_orphan(domain_, raw_channel("second", 8));
  EXPECT_TRUE(discovery_->refresh("second"));
  EXPECT_EQ(removed, (Heard{"Appeared first"}));
  EXPECT_EQ(kept, (Heard{"Appeared first", "Appeared second"}));
}

TEST_F(Discovery, ACallbackMayRemoveOthersAndItself) {
  std::vector<CallbackId> ids;
  Heard last;
  std::string seen;
  auto captured = std::make_shared<std::string>("alive");
  const std::weak_ptr<std::string> watched = captured;
  const auto leave = [&, own = std::move(captured)](DiscoveryEvent, const SegmentInfo&) {
    for (const CallbackId id : ids) EXPECT_TRUE(discovery_->remove_callback(id));
    ids.clear();
    seen = *own;  // its captures outlive its removal until it returns
  };
  ids.push_back(discovery_->on_change(leave));
  ids.push_back(discovery_->on_change(hearing(last)));
  for (int i = 0; i < 50; ++i) ids.push_back(discovery_->on_change(hearing(last)));
  leave_orphan(domain_, raw_channel("first", 8));
  EXPECT_TRUE(discovery_->refresh("first"));
  EXPECT_EQ(seen, "alive");
  EXPECT_EQ(last, Heard{}) << "removed before its turn in this round";
  EXPECT_EQ(watched.use_count(), 1) << "only this test still owns it";
  EXPECT_EQ(said_.size(), 1U) << "the other callbacks stay";
}

TEST_F(Discovery, WhatACallbackFindsIsToldInOrder) {
  for (const char* name : {"a", "b", "c"}) leave_orphan(domain_, raw_channel(name, 8));
  Heard before;
  Heard after;
  discovery_->on_change(hearing(before));
  discovery_->on_change([&](DiscoveryEvent, const SegmentInfo& info) {
    if (info.name != "b") return;
    EXPECT_TRUE(discovery_->update());
    EXPECT_TRUE(discovery_->rescan());
    EXPECT_EQ(discovery_->segments().size(), 3U) << "known immediately";
    EXPECT_NE(discovery_->find("c"), nullptr);
    EXPECT_EQ(info.name, "b");
  });
  discovery_->on_change(hearing(after));
  EXPECT_EQ(discovery_->refresh("b").value(), 1U);
  EXPECT_EQ(before, (Heard{"Appeared b", "Appeared a", "Appeared c"}));
  EXPECT_EQ(after, before);
}

TEST_F(Discovery, ACallbackMayAskWhileItIsAdded) {
  for (int i = 0; i < 20; ++i) leave_orphan(domain_, raw_channel(fmt::format("s{}", i), 8));
  ASSERT_EQ(discovery_->refresh("s3").value(), 1U);
  ASSERT_EQ(discovery_->refresh("s4").value(), 1U);
  Heard heard;
  discovery_->on_change([&](DiscoveryEvent event, const SegmentInfo& info) {
    if (heard.empty()) {
      EXPECT_EQ(discovery_->rescan().value(), 18U);
    }
    hearing(heard)(event, info);
  });
  ASSERT_EQ(heard.size(), 20U) << "each once";
  EXPECT_EQ(heard[0], "Appeared s3");
  EXPECT_EQ(heard[1], "Appeared s4");
}

TEST_F(Discovery, AnExceptionOfACallbackLosesNoEvent) {
  for (const char* name : {"a", "b"}) leave_orphan(domain_, raw_channel(name, 8));
  Heard heard;
  Heard heard_after;
  discovery_->on_change(hearing(heard));
  Heard thrown_at;
  const CallbackId id = discovery_->on_change(
      [hear = hearing(thrown_at)](DiscoveryEvent event, const SegmentInfo& info) {
        hear(event, info);
        throw std::runtime_error("thrown by the test");
      });
  discovery_->on_change(hearing(heard_after));
  EXPECT_THROW(static_cast<void>(discovery_->rescan()), std::runtime_error);
  EXPECT_THROW(static_cast<void>(discovery_->rescan()), std::runtime_error);
  EXPECT_EQ(thrown_at, (Heard{"Appeared a", "Appeared b"})) << "each event once";
  discovery_->remove_callback(id);
  EXPECT_EQ(discovery_->rescan().value(), 0U);
  EXPECT_EQ(heard, (Heard{"Appeared a", "Appeared b"}));
  EXPECT_EQ(heard_after, heard) << "each callback receives the events that others threw at";
}

}  // namespace
}  // namespace evo::test
