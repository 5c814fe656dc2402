// SPDX-License-Identifier: Apache-2.0
/// The object that maintains a domain.
#include "evo/lifecycle_manager.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "evo/segment_info.hpp"
#include "evo/segment_paths.hpp"
#include "file_bytes.hpp"
#include "segments.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

using namespace std::chrono_literals;

TEST(LifecycleManager, InitializeMakesTheDomainAndRemovesWhatAnEarlierBootLeft) {
  const TemporaryDomain directory;
  const Domain domain(directory.path() / "new");
  ASSERT_TRUE(LifecycleManager::initialize(domain));
  EXPECT_TRUE(std::filesystem::is_directory(domain.path()));
  leave_orphan(domain, raw_channel("old", 8), 1);
  leave_orphan(domain, raw_channel("dead", 8), 1);
  poke(control_path(domain, "old"), 16, std::uint64_t{0x1234});
  ASSERT_TRUE(LifecycleManager::initialize(domain, {.grace = 1h}));
  EXPECT_EQ(list_segment_names(domain).value(), std::vector<std::string>{"dead"});
}

TEST(LifecycleManager, RefusesADomainThatCannotBeOne) {
  const TemporaryDomain directory;
  EXPECT_EQ(outcome(LifecycleManager::initialize(Domain("relative"))), "InvalidName");
  const auto no_room = LifecycleManager::initialize(Domain("/proc/self"));
  EXPECT_FALSE(no_room) << "no file can be created there";
  EXPECT_TRUE(contains(message_of(no_room), "/proc/self")) << message_of(no_room);
}

TEST(LifecycleManager, AnExceptionOfAHandlerKeepsNothingFromTheOthers) {
  const TemporaryDomain directory;
  auto manager = LifecycleManager::initialize(directory.domain(), {.grace = 1h});
  ASSERT_TRUE(manager) << message_of(manager);
  for (const char* name : {"a", "b"}) leave_orphan(directory.domain(), raw_channel(name, 8), 1);
  manager->register_cleanup_handler(
      [](const CleanupItem&) { throw std::runtime_error("thrown by the test"); });
  std::vector<std::string> said;
  manager->register_cleanup_handler([&](const CleanupItem& item) { said.push_back(item.name); });
  EXPECT_THROW(static_cast<void>(manager->periodic_cleanup()), std::runtime_error);
  EXPECT_EQ(said, (std::vector<std::string>{"a", "b"}));
}

TEST(LifecycleManager, PassesTellTheHandlersWhatIsNew) {
  const TemporaryDomain directory;
  auto manager = LifecycleManager::initialize(directory.domain(), {.grace = 1h});
  ASSERT_TRUE(manager) << message_of(manager);
  std::vector<std::string> said;
  manager->register_cleanup_handler([&](const CleanupItem& item) {
    said.push_back(fmt::format("{} {}", item.name, to_string(item.action)));
  });
  const auto live = RawStateWriter::create(raw_channel("live", 8), {.domain = directory.domain()});
  leave_orphan(directory.domain(), raw_channel("dead", 8), 1);
  EXPECT_EQ(manager->periodic_cleanup().value(), 0U);
  EXPECT_EQ(manager->periodic_cleanup().value(), 0U);
  EXPECT_EQ(said, std::vector<std::string>{"dead Waiting"}) << "reported once";
  auto closed = RawStateWriter::create(raw_channel("closed", 8), {.domain = directory.domain()});
  auto reader = RawStateReader::attach("closed", {.domain = directory.domain()});
  ASSERT_TRUE(closed && reader) << message_of(closed) << message_of(reader);
  closed = tl::unexpected(Error{});
  EXPECT_EQ(manager->periodic_cleanup().value(), 0U);
  EXPECT_EQ(said.size(), 1U) << "a reader that is still attached is not reported";
  reader = tl::unexpected(Error{});
  EXPECT_EQ(manager->emergency_cleanup().value(), 1U);
  EXPECT_EQ(said.back(), "dead Removed");
  EXPECT_EQ(list_segment_names(directory.domain()).value(), std::vector<std::string>{"live"});
}

TEST(LifecycleManager, AHandlerMayAddOthersAndCleanUp) {
  const TemporaryDomain directory;
  auto manager = LifecycleManager::initialize(directory.domain(), {.grace = 1h});
  ASSERT_TRUE(manager) << message_of(manager);
  std::vector<std::string> said;
  const std::string captured = "longer than a small string";
  std::string seen;
  manager->register_cleanup_handler([&, captured](const CleanupItem&) {
    if (!seen.empty()) return;
    for (int i = 0; i < 100; ++i) {
      manager->register_cleanup_handler(
          [&](const CleanupItem& item) { said.push_back(item.name); });
    }
    EXPECT_TRUE(manager->periodic_cleanup());
    seen = captured;
  });
  std::vector<std::string> second;
  manager->register_cleanup_handler([&](const CleanupItem& item) { second.push_back(item.name); });
  leave_orphan(directory.domain(), raw_channel("a", 8), 1);
  leave_orphan(directory.domain(), raw_channel("b", 8), 1);
  EXPECT_EQ(manager->emergency_cleanup().value(), 2U);
  EXPECT_EQ(seen, captured);
  EXPECT_EQ(second, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(said, std::vector<std::string>(100, "b")) << "from the next segment on";
}

}  // namespace
}  // namespace evo::test
