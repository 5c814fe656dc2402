/// The cache of a domain's segments follows what happens, without being asked to scan.
#include "evo/discovery.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <thread>

#include "control.hpp"
#include "kernel_lock.hpp"
#include "segments.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

using namespace std::chrono_literals;

class Discovery : public testing::Test {
 protected:
  Discovery() : domain_(directory_.path() / "domain") {
    std::filesystem::create_directory(domain_.path());
    start();
  }

  void start() {
    auto started = SegmentDiscovery::start(domain_);
    if (!started) throw std::runtime_error(started.error().message);
    discovery_.emplace(std::move(*started));
    discovery_->on_change([this](DiscoveryEvent event, const SegmentInfo& info) {
      said_.push_back(
          fmt::format("{} {} {}", to_string(event), info.name, to_string(info.writer_state)));
    });
  }

  /// Takes in events until `done()`; the descriptor says when there are any.
  template <class Done>
  bool eventually(Done&& done) {
    for (int i = 0; i < 200; ++i) {
      const auto updated = discovery_->update();
      EXPECT_TRUE(updated) << message_of(updated);
      if (done()) return true;
      pollfd descriptor{discovery_->fd(), POLLIN, 0};
      if (::poll(&descriptor, 1, 10'000) == 0) return false;
    }
    return false;
  }
  bool eventually_state(std::string_view state, std::string_view name = "probe") {
    return eventually([&] {
      const SegmentInfo* info = discovery_->find(name);
      return info != nullptr && info->condition == SegmentCondition::Sound &&
             to_string(info->writer_state) == state;
    });
  }
  /// Until there is nothing more to take in.
  void settle() {
    pollfd descriptor{discovery_->fd(), POLLIN, 0};
    while (::poll(&descriptor, 1, 20) > 0) EXPECT_TRUE(discovery_->update());
  }
  [[nodiscard]] Result<SegmentWriter> create(std::string_view name = "probe") const {
    return SegmentWriter::create(raw_channel(name, 8), {.domain = domain_});
  }

  TemporaryDomain directory_;
  Domain domain_;
  std::optional<SegmentDiscovery> discovery_;
  std::vector<std::string> said_;
};

TEST_F(Discovery, FindsWhatIsThereAtTheStart) {
  const auto first = create("first");
  const auto second = create("second");
  said_.clear();
  start();
  EXPECT_EQ(discovery_->segments().size(), 2U);
  ASSERT_NE(discovery_->find("second"), nullptr);
  EXPECT_EQ(to_string(discovery_->find("second")->condition), "Sound");
  EXPECT_EQ(discovery_->find("third"), nullptr);
  EXPECT_EQ(said_.size(), 2U) << "told of them as they are";
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
    const auto reader = SegmentReader::attach("probe", {.domain = domain_});
    EXPECT_TRUE(eventually([&] { return readers() == 1; }));
  }
  EXPECT_TRUE(eventually([&] { return readers() == 0; })) << "the end of one is reported";
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
    const std::string noise = domain_.path() / fmt::format("noise{}", i % 100);
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
  EXPECT_EQ(::poll(&descriptor, 1, 50), 0) << "its own looks are no events";
}

TEST_F(Discovery, RemovalKeepsTheOthersInTheirPlaces) {
  std::vector<SegmentWriter> writers;
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
  // As at a death: the kernel tells that the files are closed, and frees the locks after that.
  const auto dying = detail::open_control(domain_, "probe", Access::Group);
  ASSERT_TRUE(dying) << message_of(dying);
  ASSERT_TRUE(detail::try_lock(dying->fd.get(), kWriterLockByte).value());
  ::close(::open((domain_.path() / "evo_probe.ctl").c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_TRUE(eventually_state("Alive"));
  detail::unlock(dying->fd.get(), kWriterLockByte);
  // Each update comes before the second look would be due, as far as the computer lets it.
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

}  // namespace
}  // namespace evo::test
