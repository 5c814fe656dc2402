// SPDX-License-Identifier: Apache-2.0
/// The cache of a domain's segments follows all changes, without an explicit scan.
#include "evo/discovery.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <fstream>

#include "attachment/control.hpp"
#include "evo/format.hpp"
#include "evo/segment_paths.hpp"
#include "maintenance/discovery_fixture.hpp"
#include "system/kernel_lock.hpp"

namespace evo::test {
namespace {

using namespace std::chrono_literals;

TEST_F(Discovery, FindsWhatIsThereAtTheStart) {
  const auto first = create("first");
  const auto second = create("second");
  said_.clear();
  start();
  EXPECT_EQ(discovery_->segments().size(), 2U);
  ASSERT_NE(discovery_->find("second"), nullptr);
  EXPECT_EQ(to_string(discovery_->find("second")->condition), "Sound");
  EXPECT_EQ(discovery_->find("third"), nullptr);
  EXPECT_EQ(said_.size(), 2U) << "each is reported in its present state";
}

TEST_F(Discovery, NoticesCreateAndClose) {
  auto writer = create();
  ASSERT_TRUE(writer) << message_of(writer);
  EXPECT_TRUE(eventually_state("Alive"));
  writer = tl::unexpected(Error{});
  EXPECT_TRUE(eventually([&] { return discovery_->find("probe") == nullptr; }));
  ASSERT_GE(said_.size(), 2U);
  EXPECT_TRUE(said_.front().starts_with("Appeared probe")) << said_.front();
  EXPECT_TRUE(said_.back().starts_with("Vanished probe")) << said_.back();
}

TEST_F(Discovery, NoticesDeathAndTakeover) {
  leave_orphan(domain_, raw_channel("probe", 8), 1);
  EXPECT_TRUE(eventually_state("Dead"));
  const auto writer = create();
  EXPECT_TRUE(eventually_state("Alive"));
  EXPECT_EQ(discovery_->find("probe")->incarnation, writer->incarnation());
}

TEST_F(Discovery, NoticesADeathWhileItLooksOn) {
  const Pipe ready;
  Child writer([&]() -> std::string {
    const auto own = create();
    ready.write("x");
    ::pause();
    return {};
  });
  ASSERT_TRUE(ready.await_byte());
  ASSERT_TRUE(eventually_state("Alive"));
  writer.kill();
  EXPECT_TRUE(eventually_state("Dead"));
}

TEST_F(Discovery, NoticesReaders) {
  const auto writer = create();
  ASSERT_TRUE(eventually_state("Alive"));
  settle();
  const auto readers = [&] { return discovery_->find("probe")->readers.size(); };
  {
    const auto reader = RawStateReader::attach("probe", {.domain = domain_});
    EXPECT_TRUE(eventually([&] { return readers() == 1; }));
  }
  EXPECT_TRUE(eventually([&] { return readers() == 0; })) << "a reader that detaches is reported";
}

TEST_F(Discovery, RefreshLooksAtOneSegmentAtOnce) {
  auto writer = create();
  EXPECT_EQ(discovery_->refresh("probe").value(), 1U);
  ASSERT_NE(discovery_->find("probe"), nullptr);
  EXPECT_EQ(discovery_->refresh("probe").value(), 0U);
  writer = tl::unexpected(Error{});
  EXPECT_EQ(discovery_->refresh("probe").value(), 1U);
  EXPECT_EQ(discovery_->find("probe"), nullptr);
  EXPECT_EQ(discovery_->refresh("never").value(), 0U);
  EXPECT_EQ(outcome(discovery_->refresh("No!")), "InvalidName");
}

TEST_F(Discovery, SurvivesTheLossOfEvents) {
  // More events than the queue holds (16384 by default) between two updates.
  for (int i = 0; i < 6000; ++i) {
    const std::string noise = domain_.path() + fmt::format("/noise{}", i % 100);
    ::close(::open(noise.c_str(), O_CREAT | O_WRONLY, 0600));
    ::unlink(noise.c_str());
  }
  const auto writer = create();
  ASSERT_TRUE(writer) << message_of(writer);
  EXPECT_TRUE(eventually_state("Alive"));
}

TEST_F(Discovery, DomainMayComeAndGo) {
  std::filesystem::remove(domain_.path());
  start();
  EXPECT_TRUE(discovery_->segments().empty());
  for (int round = 0; round < 3; ++round) {
    {
      const auto writer = create();
      ASSERT_TRUE(writer) << message_of(writer);
      EXPECT_TRUE(eventually_state("Alive")) << round;
    }
    std::filesystem::remove_all(domain_.path());
    EXPECT_TRUE(eventually([&] { return discovery_->segments().empty(); })) << round;
  }
}

TEST_F(Discovery, IsQuietWhenNothingHappens) {
  const auto writer = create();
  ASSERT_TRUE(eventually_state("Alive"));
  settle();
  pollfd descriptor{discovery_->fd(), POLLIN, 0};
  EXPECT_EQ(::poll(&descriptor, 1, 50), 0) << "its own inspections cause no events";
}

TEST_F(Discovery, RemovalKeepsTheOthersInTheirPlaces) {
  std::vector<RawStateWriter> writers;
  for (int i = 0; i < 8; ++i) writers.push_back(std::move(create(fmt::format("s{}", i)).value()));
  ASSERT_TRUE(discovery_->update());
  writers.erase(writers.begin() + 2);
  writers.erase(writers.begin());
  ASSERT_TRUE(eventually([&] { return discovery_->segments().size() == 6; }));
  for (const int i : {1, 3, 4, 5, 6, 7}) {
    const auto name = fmt::format("s{}", i);
    ASSERT_NE(discovery_->find(name), nullptr) << name;
    EXPECT_EQ(discovery_->find(name)->name, name);
  }
}

TEST_F(Discovery, NoticesADeathHoweverOftenItIsAsked) {
  leave_orphan(domain_, raw_channel("probe", 8));
  // As at a death: the kernel reports that the files are closed before it frees the locks.
  const auto dying = detail::open_control(domain_, "probe", Access::Group);
  ASSERT_TRUE(dying) << message_of(dying);
  ASSERT_TRUE(detail::try_lock(dying->fd.get(), kWriterLockByte).value());
  ::close(::open(control_path(domain_, "probe").c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_TRUE(eventually_state("Alive"));
  detail::unlock(dying->fd.get(), kWriterLockByte);
  // Each update comes before the second look would be due, as far as the machine allows.
  const auto end = std::chrono::steady_clock::now() + 300ms;
  const auto dead = [&] { return discovery_->find("probe")->writer_state == WriterState::Dead; };
  while (!dead() && std::chrono::steady_clock::now() < end) EXPECT_TRUE(discovery_->update());
  EXPECT_TRUE(dead());
}

TEST_F(Discovery, AFailedScanIsMadeUpFor) {
  std::filesystem::remove_all(domain_.path());
  std::filesystem::create_directory(domain_.path());
  const auto writer = create();
  ASSERT_TRUE(writer) << message_of(writer);
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{3, before.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &none);
  const auto updated = discovery_->update();
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_FALSE(updated) << "no directory could be read";
  EXPECT_TRUE(eventually_state("Alive"));
}

/// While it exists, no descriptor can be opened.
class NoDescriptors {
 public:
  NoDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit none{3, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST_F(Discovery, WhatCannotBeLookedAtStaysAsItWas) {
  const auto writer = create();
  ASSERT_TRUE(eventually_state("Alive"));
  said_.clear();
  Result<std::size_t> refreshed = 0U;
  {
    const NoDescriptors none;
    refreshed = discovery_->refresh("probe");
  }
  ASSERT_FALSE(refreshed);
  EXPECT_EQ(refreshed.error().code, ErrorCode::ResourceExhausted);
  EXPECT_EQ(to_string(discovery_->find("probe")->writer_state), "Alive");
  EXPECT_EQ(said_, std::vector<std::string>{});
  EXPECT_EQ(discovery_->refresh("probe").value(), 0U);
}

/// Moves to a new user namespace with this limit on inotify instances. False where that is not
/// possible.
bool allow_inotify(int instances) {
  const std::string uid = std::to_string(::geteuid());
  static const bool separate = [&] {
    if (::unshare(CLONE_NEWUSER) != 0) return false;
    std::ofstream("/proc/self/uid_map") << uid << ' ' << uid << " 1\n";
    return true;
  }();
  std::ofstream limit("/proc/sys/user/max_inotify_instances");
  return separate && (limit << instances << std::flush).good();
}

TEST_F(Discovery, ScansUntilThereIsInotify) {
  const auto writer = create();
  const ChildResult result = in_child([&]() -> std::string {
    if (!allow_inotify(0)) return "skip";
    if (SegmentDiscovery::start(domain_)) return "there is inotify";
    auto discovery = SegmentDiscovery::start(domain_, WithoutInotify::Scan);
    if (!discovery) return discovery.error().message;
    if (discovery->watches() || discovery->segments().size() != 1) return "cannot do without";
    leave_orphan(domain_, raw_channel("second", 8));
    if (!discovery->rescan() || discovery->segments().size() != 2) return "does not scan";
    if (!allow_inotify(100)) return "skip";
    if (!discovery->rescan() || !discovery->watches()) return "does not watch again";
    leave_orphan(domain_, raw_channel("third", 8));
    pollfd readable{discovery->fd(), POLLIN, 0};
    if (::poll(&readable, 1, 60'000) != 1 || !discovery->update()) return "notices nothing";
    return discovery->find("third") != nullptr ? "" : "does not find it";
  });
  if (result.text == "skip") GTEST_SKIP() << "inotify cannot be taken away here";
  EXPECT_EQ(result.text, "");
}

TEST_F(Discovery, ReportsProgressAtEachLook) {
  const auto first = create("first");
  const auto second = create("second");
  int looks = 0;
  discovery_->on_progress([&] { ++looks; });
  EXPECT_TRUE(discovery_->rescan());
  EXPECT_GE(looks, 2);
}

TEST_F(Discovery, OfAForkedChildLeavesTheParentsEventsAlone) {
  leave_orphan(domain_, raw_channel("a", 8));
  const ChildResult child = in_child([&]() -> std::string {
    for (int i = 0; i < 2; ++i) {
      if (auto updated = discovery_->update(); !updated) return message_of(updated);
    }
    return discovery_->find("a") == nullptr ? "missed" : "found";
  });
  EXPECT_EQ(child.text, "found");
  static_cast<void>(discovery_->update());
  EXPECT_NE(discovery_->find("a"), nullptr);
}

TEST_F(Discovery, ASegmentMadeAgainByItsProcessIsAChange) {
  auto writer = create();
  ASSERT_TRUE(eventually_state("Alive"));
  settle();
  said_.clear();
  writer = tl::unexpected(Error{});
  writer = create();
  ASSERT_TRUE(writer) << message_of(writer);
  EXPECT_TRUE(eventually([&] { return !said_.empty(); }));
  EXPECT_EQ(said_.front(), "Changed probe Alive");
}

}  // namespace
}  // namespace evo::test
