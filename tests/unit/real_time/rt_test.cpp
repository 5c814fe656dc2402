// SPDX-License-Identifier: Apache-2.0
/// Real-time settings of a thread, verified with the kernel's own calls.
#include "evo/real_time.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <thread>

#include "child_process.hpp"
#include "evo/format/slot.hpp"
#include "outcome.hpp"
#include "real_time/calling_thread.hpp"
#include "sanitizers.hpp"

namespace evo::test {
namespace {

constexpr uid_t kNobody = 65534;
constexpr rlim_t kMegabyte = rlim_t{1} << 20;

/// Each of these settings changes a whole process, so each test runs in a child.
template <class Body>
std::string in_process_of_its_own(Body&& body) {
  const ChildResult child = in_child(std::forward<Body>(body));
  return child.status == 0 ? child.text : fmt::format("status {}: {}", child.status, child.text);
}

/// Becomes an unprivileged user, with these limits.
void become_nobody(rlim_t priority, rlim_t locked) {
  const rlimit priority_limit{priority, priority};
  const rlimit locked_limit{locked, locked};
  if (::setrlimit(RLIMIT_RTPRIO, &priority_limit) != 0 ||
      ::setrlimit(RLIMIT_MEMLOCK, &locked_limit) != 0 ||
      (::geteuid() == 0 && (::setresgid(kNobody, kNobody, kNobody) != 0 ||
                            ::setresuid(kNobody, kNobody, kNobody) != 0))) {
    throw std::runtime_error("cannot become nobody");
  }
}

/// Whether this process may set such a limit for itself: root in a container often may not raise
/// one.
bool may_have_limit(__rlimit_resource resource, rlim_t value) {
  rlimit limit{};
  ::getrlimit(resource, &limit);
  if (value <= limit.rlim_max) return true;
  return in_process_of_its_own([&]() -> std::string {
           const rlimit raised{value, value};
           return ::setrlimit(resource, &raised) == 0 ? "may" : "may not";
         }) == "may";
}

std::string kernel_scheduling() {
  sched_param parameters{};
  ::sched_getparam(0, &parameters);
  return fmt::format("{} {}", ::sched_getscheduler(0) & ~SCHED_RESET_ON_FORK,
                     parameters.sched_priority);
}

/// Whether a newly mapped page is in memory before it is touched.
bool is_locked_at_once() {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  void* address = ::mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  unsigned char resident = 0;
  ::mincore(address, page, &resident);
  ::munmap(address, page);
  return (resident & 1U) != 0;
}

/// Options that request nothing.
constexpr rt::Options kNothing{
    .priority = {}, .cpus = {}, .memory = rt::MemoryLock::None, .stack_bytes = 0};

rt::Options fifo(int priority) {
  rt::Options options = kNothing;
  options.priority = priority;
  return options;
}

/// Where the kernel grants SCHED_FIFO to root.
class PrivilegedRealTime : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root may have it without asking";
    const std::string error = in_process_of_its_own([]() -> std::string {
      const sched_param parameters{.sched_priority = 1};
      return ::sched_setscheduler(0, SCHED_FIFO, &parameters) == 0 ? "" : std::strerror(errno);
    });
    if (!error.empty()) GTEST_SKIP() << "this root may not have SCHED_FIFO: " << error;
  }
};

class LockedMemory : public PrivilegedRealTime {
 protected:
  void SetUp() override {
    if (is_sanitized()) GTEST_SKIP() << "sanitizers make mlockall do nothing";
    PrivilegedRealTime::SetUp();
  }
};

TEST(RealTime, AsksForMemoryAndStackByDefault) {
  const rt::Options options;
  EXPECT_FALSE(options.priority);
  EXPECT_TRUE(options.cpus.empty());
  EXPECT_EQ(options.memory, rt::MemoryLock::PresentAndFuture);
  EXPECT_GT(options.stack_bytes, 0U);
}

TEST(RealTime, NothingAskedForNothingDone) {
  EXPECT_EQ(in_process_of_its_own([]() -> std::string {
              const std::string before = kernel_scheduling();
              const auto report = rt::enter(kNothing);
              if (!report) return message_of(report);
              if (!report->is_complete()) return "notes";
              if (report->cpus != detail::affinity()) return "cores not told";
              if (report->memory_locked || report->stack_bytes != 0) return "too much";
              return kernel_scheduling() == before ? "the same" : kernel_scheduling();
            }),
            "the same");
}

TEST_F(PrivilegedRealTime, GivesTheCallingThreadAloneItsPriority) {
  EXPECT_EQ(
      in_process_of_its_own([]() -> std::string {
        const auto report = rt::enter(fifo(7));
        if (!report) return message_of(report);
        std::string started;
        std::thread([&] { started = kernel_scheduling(); }).join();
        return fmt::format("{} {} '{}', kernel {}, thread started later {}",
                           to_string(report->policy), report->priority, report->scheduling_note,
                           kernel_scheduling(), started);
      }),
      fmt::format("FIFO 7 '', kernel {} 7, thread started later {} 0", SCHED_FIFO, SCHED_OTHER));
}

TEST(RealTime, BindsTheCallingThreadToCores) {
  const int core = detail::affinity().back();
  EXPECT_EQ(in_process_of_its_own([&]() -> std::string {
              rt::Options options = kNothing;
              options.cpus = {core, core};
              const auto report = rt::enter(options);
              if (!report) return message_of(report);
              cpu_set_t kernel;
              ::sched_getaffinity(0, sizeof kernel, &kernel);
              return fmt::format("{} '{}', kernel {} of {}", fmt::join(report->cpus, ","),
                                 report->cpus_note, CPU_COUNT(&kernel), ::sched_getcpu());
            }),
            fmt::format("{} '', kernel 1 of {}", core, core));
}

TEST_F(LockedMemory, KeepsWhatIsMappedNowAndLater) {
  EXPECT_EQ(in_process_of_its_own([]() -> std::string {
              const bool before = is_locked_at_once();
              const auto report = rt::enter({.stack_bytes = 0});
              if (!report) return message_of(report);
              if (!report->is_complete()) return report->memory_note;
              return fmt::format("{} {} {}, at once: {} {}", report->memory_locked,
                                 report->future_memory_locked, report->locked_bytes > kMegabyte,
                                 before, is_locked_at_once());
            }),
            "true true true, at once: false true");
}

TEST_F(LockedMemory, LeavesLaterMappingsAloneIfToldTo) {
  EXPECT_EQ(in_process_of_its_own([]() -> std::string {
              const auto report = rt::enter({.memory = rt::MemoryLock::Present, .stack_bytes = 0});
              if (!report) return message_of(report);
              return fmt::format("{} {} '{}' {}", report->memory_locked,
                                 report->future_memory_locked, report->memory_note,
                                 is_locked_at_once());
            }),
            "true false '' false");
}

TEST_F(LockedMemory, WithALimitKeepsLaterMappingsPossible) {
  const rlim_t limit = (detail::mapped_bytes() / 4096 + 256) * 4096;
  if (!may_have_limit(RLIMIT_MEMLOCK, limit)) {
    GTEST_SKIP() << "RLIMIT_MEMLOCK cannot be raised to " << limit << " bytes";
  }
  EXPECT_EQ(in_process_of_its_own([&]() -> std::string {
              become_nobody(0, limit);
              const auto report = rt::enter({.stack_bytes = 0});
              if (!report) return message_of(report);
              if (!contains(report->memory_note, fmt::format("RLIMIT_MEMLOCK at {} ", limit))) {
                return "note: " + report->memory_note;
              }
              void* large = ::mmap(nullptr, limit, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
              return fmt::format("{} {} {}", report->memory_locked, report->future_memory_locked,
                                 large == MAP_FAILED ? "cannot map" : "can map");
            }),
            "true false can map");
}

TEST_F(LockedMemory, OfMoreThanTheLimitIsRefused) {
  EXPECT_EQ(in_process_of_its_own([]() -> std::string {
              become_nobody(0, kMegabyte);
              const auto report = rt::enter({.stack_bytes = 0});
              if (!report) return message_of(report);
              for (const char* words :
                   {"RLIMIT_MEMLOCK is 1048576 bytes", "LimitMEMLOCK=", "CAP_IPC_LOCK"}) {
                if (!contains(report->memory_note, words)) return "note: " + report->memory_note;
              }
              return fmt::format("{} {}", report->memory_locked, report->locked_bytes);
            }),
            "false 0");
}

TEST(RealTime, WithoutTheRightsStaysOrdinaryAndSaysWhy) {
  EXPECT_EQ(in_process_of_its_own([]() -> std::string {
              become_nobody(0, kMegabyte);
              const auto report = rt::enter(fifo(50));
              if (!report) return message_of(report);
              for (const char* words : {"SCHED_FIFO 50 refused: ", "RLIMIT_RTPRIO is 0",
                                        "LimitRTPRIO=50", "CAP_SYS_NICE"}) {
                if (!contains(report->scheduling_note, words)) return report->scheduling_note;
              }
              return fmt::format("{} {} {}", to_string(report->policy), report->priority,
                                 report->is_complete());
            }),
            "OTHER 0 false");
}

TEST_F(PrivilegedRealTime, TheLimitIsEnough) {
  if (!may_have_limit(RLIMIT_RTPRIO, 10)) GTEST_SKIP() << "RLIMIT_RTPRIO cannot be raised to 10";
  EXPECT_EQ(in_process_of_its_own([]() -> std::string {
              become_nobody(10, kMegabyte);
              const auto allowed = rt::enter(fifo(10));
              if (!allowed) return message_of(allowed);
              const auto refused = rt::enter(fifo(11));
              if (!refused) return message_of(refused);
              return fmt::format("{} {}, {} {}", allowed->priority, allowed->is_complete(),
                                 refused->priority, refused->is_complete());
            }),
            "10 true, 10 false");
}

TEST_F(PrivilegedRealTime, WithoutRightsKeepsAtMostThePriorityThatItHas) {
  // Like TheLimitIsEnough, but also where root may not raise the limit: an unprivileged thread
  // keeps the priority that it has.
  EXPECT_EQ(in_process_of_its_own([]() -> std::string {
              const sched_param ten{.sched_priority = 10};
              if (::sched_setscheduler(0, SCHED_FIFO, &ten) != 0) return std::strerror(errno);
              become_nobody(0, kMegabyte);
              const auto allowed = rt::enter(fifo(10));
              if (!allowed) return message_of(allowed);
              const auto refused = rt::enter(fifo(11));
              if (!refused) return message_of(refused);
              return fmt::format("{} {} {}, {} {} {}", to_string(allowed->policy),
                                 allowed->priority, allowed->is_complete(),
                                 to_string(refused->policy), refused->priority,
                                 refused->is_complete());
            }),
            "FIFO 10 true, FIFO 10 false");
}

TEST(RealTime, TouchesTheStackThatThereIs) {
  EXPECT_EQ(in_process_of_its_own([]() -> std::string {
              rt::Options options = kNothing;
              options.stack_bytes = kMegabyte;
              rusage before{};
              ::getrusage(RUSAGE_THREAD, &before);
              const auto report = rt::enter(options);
              rusage after{};
              ::getrusage(RUSAGE_THREAD, &after);
              if (!report) return message_of(report);
              const auto pages = static_cast<long>(kMegabyte) / ::sysconf(_SC_PAGESIZE);
              return fmt::format("{} '{}' {}", report->stack_bytes, report->stack_note,
                                 after.ru_minflt - before.ru_minflt >= pages / 2);
            }),
            fmt::format("{} '' true", kMegabyte));
  EXPECT_EQ(in_process_of_its_own([]() -> std::string {
              rt::Options options = kNothing;
              options.stack_bytes = std::size_t{1} << 40;
              const auto report = rt::enter(options);
              if (!report) return message_of(report);
              return contains(report->stack_note, "it has no more") ? "noted" : "not noted";
            }),
            "noted");
}

TEST(RealTime, RefusesWhatCannotBe) {
  EXPECT_EQ(in_process_of_its_own([]() -> std::string {
              for (const int priority : {-1, 0, 100}) {
                const auto report = rt::enter({.priority = priority});
                if (outcome(report) != "Unsupported" ||
                    !contains(message_of(report), fmt::format("no priority {}; ", priority)) ||
                    !contains(message_of(report), "from 1 to 99")) {
                  return message_of(report);
                }
              }
              for (const int cpu : {-1, 8191, 1'000'000}) {
                const auto report = rt::enter({.priority = {}, .cpus = {0, cpu}});
                if (outcome(report) != "Unsupported" ||
                    !contains(message_of(report), fmt::format("no CPU {}; ", cpu))) {
                  return message_of(report);
                }
              }
              return detail::locked_bytes() == 0 ? "refused" : "refused, but memory is locked";
            }),
            "refused");
}

TEST(RealTime, SaysOfEachCoreWhyItWasNotGiven) {
  EXPECT_EQ(detail::why_not_cpus({1, 2}, {1, 2}, {0, 1, 2}), "");
  const std::string note = detail::why_not_cpus({1, 2, 3}, {1}, {0, 1, 2});
  EXPECT_TRUE(contains(note, "core 2 is outside of this process's cpuset")) << note;
  EXPECT_TRUE(contains(note, "core 3 is offline")) << note;
  EXPECT_TRUE(contains(note, "cpu3/online")) << note;
  EXPECT_FALSE(contains(note, "core 1 ")) << note;
}

TEST(RealTime, ReadsTheKernelsLists) {
  const auto list = [](std::string_view text) {
    return fmt::format("{}", fmt::join(detail::parse_cpu_list(text), " "));
  };
  EXPECT_EQ(list("0"), "0");
  EXPECT_EQ(list("0-2,5,8-9"), "0 1 2 5 8 9");
  EXPECT_EQ(list(""), "");
  EXPECT_EQ(list("nonsense"), "");
  EXPECT_EQ(list("1,x"), "1");
  EXPECT_EQ(list("3-"), "");
  EXPECT_FALSE(detail::present_cpus().empty());
  EXPECT_FALSE(detail::online_cpus().empty());
}

}  // namespace
}  // namespace evo::test
