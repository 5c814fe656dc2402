// SPDX-License-Identifier: Apache-2.0
/// Limits on what one process may take. Each error names its limit.
#include "attachment/quota.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/statvfs.h>

#include "evo/segment_info.hpp"
#include "segments.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

class Limits : public testing::Test {
 protected:
  [[nodiscard]] Result<RawStateWriter> create(int number) const {
    return RawStateWriter::create(raw_channel(fmt::format("s{}", number), 8),
                                  {.domain = directory_.domain(), .limits = limits_});
  }

  TemporaryDomain directory_;
  ResourceLimits limits_ = {.creations_per_second = 0};
};

/// Sets an environment variable and restores it later.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() { ::unsetenv(name_); }

 private:
  const char* name_;
};

TEST_F(Limits, DefaultsAreThoseOfTheManual) {
  ::unsetenv("EVO_MAX_CREATIONS_PER_SECOND");
  const auto limits = ResourceLimits::from_environment();
  ASSERT_TRUE(limits) << message_of(limits);
  EXPECT_EQ(limits->segments_per_process, 16U);
  EXPECT_EQ(limits->segments_per_domain, 1024U);
  EXPECT_EQ(limits->creations_per_second, 1000U);
  EXPECT_EQ(limits->warn_memory_percent, 80U);
  EXPECT_EQ(limits->max_memory_percent, 100U);
}

TEST_F(Limits, EnvironmentSetsThem) {
  const Variable process("EVO_MAX_SEGMENTS_PER_PROCESS", "1");
  const Variable domain("EVO_MAX_SEGMENTS_PER_DOMAIN", "2");
  const Variable rate("EVO_MAX_CREATIONS_PER_SECOND", "3");
  const Variable warn("EVO_WARN_MEMORY_PERCENT", "4");
  const Variable most("EVO_MAX_MEMORY_PERCENT", "5");
  const auto limits = ResourceLimits::from_environment();
  ASSERT_TRUE(limits) << message_of(limits);
  EXPECT_EQ(limits->segments_per_process, 1U);
  EXPECT_EQ(limits->segments_per_domain, 2U);
  EXPECT_EQ(limits->creations_per_second, 3U);
  EXPECT_EQ(limits->warn_memory_percent, 4U);
  EXPECT_EQ(limits->max_memory_percent, 5U);
}

TEST_F(Limits, WhatIsNoNumberIsNamed) {
  for (const char* wrong : {"", "many", "-1", "12 ", "99999999999"}) {
    const Variable process("EVO_MAX_SEGMENTS_PER_PROCESS", wrong);
    const auto writer =
        RawStateWriter::create(raw_channel("probe", 8), {.domain = directory_.domain()});
    EXPECT_EQ(outcome(writer), "InvalidName") << wrong;
    EXPECT_TRUE(contains(message_of(writer), "EVO_MAX_SEGMENTS_PER_PROCESS")) << wrong;
  }
}

TEST_F(Limits, ProcessHoldsSoManyAndNoMore) {
  limits_.segments_per_process = 3;
  std::vector<RawStateWriter> held;
  for (int i = 0; i < 3; ++i) held.push_back(std::move(create(i).value()));
  const auto refused = create(3);
  EXPECT_EQ(outcome(refused), "ResourceExhausted");
  EXPECT_TRUE(contains(message_of(refused), "EVO_MAX_SEGMENTS_PER_PROCESS"));
  const ChildResult child = in_child([&]() -> std::string {
    std::string said = outcome(create(3));
    held.clear();  // the parent's, which this process never held
    for (int i = 4; i < 7; ++i) held.push_back(std::move(create(i).value()));
    return said + " " + outcome(create(7));
  });
  EXPECT_EQ(child.text, "ok ResourceExhausted") << "each process has its own limit";
  held.pop_back();
  EXPECT_EQ(outcome(create(3)), "ok");
}

TEST_F(Limits, RefusedCreateTakesNothing) {
  limits_.segments_per_process = 1;
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(outcome(RawStateWriter::create(raw_channel("huge", std::size_t{1} << 30),
                                             {.domain = directory_.domain(), .limits = limits_})),
              "InvalidSize");
    EXPECT_EQ(outcome(create(i)), "ok");
  }
}

TEST_F(Limits, DomainHoldsSoManyAndNoMore) {
  limits_.segments_per_domain = 2;
  const auto first = create(1);
  leave_orphan(directory_.domain(), raw_channel("s2", 8), 1);
  const auto refused = create(3);
  EXPECT_EQ(outcome(refused), "ResourceExhausted");
  EXPECT_TRUE(contains(message_of(refused), "EVO_MAX_SEGMENTS_PER_DOMAIN"));
  EXPECT_EQ(outcome(create(2)), "ok") << "taken over: it already exists";
}

TEST_F(Limits, CreationsAreRateLimited) {
  const ChildResult child = in_child([&]() -> std::string {
    limits_.creations_per_second = 5;
    int made = 0;
    Result<RawStateWriter> last = create(0);
    for (; last; last = create(0)) {
      ++made;
      last = tl::unexpected(Error{});  // closed before the next one is created
    }
    return fmt::format("{} {} {}", made >= 5 && made < 1000 ? "some" : "wrong", outcome(last),
                       contains(message_of(last), "EVO_MAX_CREATIONS_PER_SECOND"));
  });
  EXPECT_EQ(child.text, "some ResourceExhausted true");
}

TEST_F(Limits, ShareOfTheFileSystemWarnsAndRefuses) {
  limits_.warn_memory_percent = 0;
  const auto warned = create(1);
  ASSERT_TRUE(warned) << message_of(warned);
  EXPECT_TRUE(contains(warned->memory().note, "% full")) << warned->memory().note;
  struct statvfs space {};
  ASSERT_EQ(::statvfs(directory_.path().c_str(), &space), 0);
  limits_.max_memory_percent = 0;
  const auto refused = create(2);
  EXPECT_EQ(outcome(refused), "NoSpace");
  EXPECT_TRUE(contains(message_of(refused), "EVO_MAX_MEMORY_PERCENT")) << message_of(refused);
  EXPECT_EQ(list_segment_names(directory_.domain()).value().size(), 1U);
}

}  // namespace
}  // namespace evo::test
