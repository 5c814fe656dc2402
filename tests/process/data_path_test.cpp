// SPDX-License-Identifier: Apache-2.0
/// The data path, a million times each: no system call, no allocation, no page fault.
///
/// Each operation runs in a separate process, which creates its segments, runs the operation a few
/// times on other segments of the same kind (so that only the code is warm), and then has the
/// kernel observe it from the first operation on: once without and once with the deadline watch.
///
///   system calls   a seccomp filter turns each into SIGSYS, which is counted
///   allocations    malloc and its family are replaced in this program by functions that count
///   page faults    getrusage, minor and major, before and after
#include <errno.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <alarm.evo.hpp>
#include <array>
#include <atomic>
#include <bulk.evo.hpp>
#include <cstdlib>
#include <fstream>
#include <probe.evo.hpp>
#include <string>

#include "evo/deadline_watch.hpp"
#include "evo/segment_info.hpp"
#include "evo/wait_set.hpp"
#include "segments.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

constexpr std::uint64_t kOperations = 1'000'000;
constexpr std::uint64_t kWarmUp = 3;
constexpr std::uint64_t kControls = 1000;

// relaxed at every use: only one thread counts.
std::atomic<std::uint64_t> allocations{0};
std::atomic<std::uint64_t> system_calls{0};

}  // namespace
}  // namespace evo::test

// The names by which glibc calls its own allocator.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) noexcept {
  evo::test::allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) noexcept {
  evo::test::allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_calloc(count, size);
}
void* realloc(void* block, std::size_t size) noexcept {
  evo::test::allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_realloc(block, size);
}
void* memalign(std::size_t alignment, std::size_t size) noexcept {
  evo::test::allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_memalign(alignment, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  return memalign(alignment, size);
}
int posix_memalign(void** block, std::size_t alignment, std::size_t size) noexcept {
  *block = memalign(alignment, size);
  return *block == nullptr ? ENOMEM : 0;
}
}

namespace evo::test {
namespace {

extern "C" void count_system_call(int /*signal*/) {
  system_calls.fetch_add(1, std::memory_order_relaxed);
}

/// From now on each system call is only counted, not executed, except those that the measurement
/// itself and the exit of the process need.
void count_system_calls() {
  struct sigaction action {};
  action.sa_handler = count_system_call;
  ::sigaction(SIGSYS, &action, nullptr);
  constexpr std::array<unsigned, 4> kAllowed = {__NR_getrusage, __NR_write, __NR_exit_group,
                                                __NR_rt_sigreturn};
  std::array<sock_filter, 3 + kAllowed.size()> program{};
  std::size_t at = 0;
  program.at(at++) = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr));
  for (std::size_t i = 0; i < kAllowed.size(); ++i) {
    const auto to_the_end = static_cast<unsigned char>(kAllowed.size() - i);
    program.at(at++) = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kAllowed.at(i), to_the_end, 0);
  }
  program.at(at++) = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP);
  program.at(at++) = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
    throw std::runtime_error("seccomp is not available");
  }
}

std::uint64_t page_faults() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_minflt + usage.ru_majflt);
}

std::string said(std::uint64_t calls, std::uint64_t allocated, std::uint64_t faults,
                 std::uint64_t failures) {
  return fmt::format("{} system calls, {} allocations, {} page faults, {} failures", calls,
                     allocated, faults, failures);
}

const std::string kNothing = said(0, 0, 0, 0);
/// Calls `operation(i)`, which returns whether all went well, a few times, and then `times` times
/// while the kernel counts. Afterwards the process can only report.
template <class Operation>
std::string measure(std::uint64_t times, Operation&& operation) {
  // A forked process shares its pages with its parent until it writes to them.
  for (std::uint64_t i = 0; i < kWarmUp; ++i) operation(i);
  count_system_calls();
  std::uint64_t failures = 0;
  const std::uint64_t allocations_before = allocations.load(std::memory_order_relaxed);
  const std::uint64_t faults_before = page_faults();
  for (std::uint64_t i = kWarmUp; i < kWarmUp + times; ++i) failures += operation(i) ? 0 : 1;
  const std::uint64_t faults = page_faults() - faults_before;
  const std::uint64_t allocated = allocations.load(std::memory_order_relaxed) - allocations_before;
  return said(system_calls.load(std::memory_order_relaxed), allocated, faults, failures);
}

/// Many slots, each with a page-sized value.
ChannelDescription paged_channel() {
  return raw_channel("paged", 4096, 64);
}

/// Both endpoints of every kind, with the options' defaults (prefault among them).
struct Ends {
  explicit Ends(const Domain& domain)
      : probe_writer(probe::ProbeWriter::create({.domain = domain}).value()),
        probe_reader(probe::ProbeReader::attach({.domain = domain}).value()),
        bulk_writer(probe::BulkWriter::create({.domain = domain}).value()),
        bulk_reader(probe::BulkReader::attach({.domain = domain}).value()),
        trace_writer(TraceWriter::create({.domain = domain}).value()),
        trace_reader(TraceReader::attach({.domain = domain}).value()),
        alarm_writer(AlarmWriter::create({.domain = domain}).value()),
        alarm_reader(AlarmReader::attach({.domain = domain}).value()),
        paged_writer(RawStateWriter::create(paged_channel(), {.domain = domain}).value()),
        paged_reader(RawStateReader::attach("paged", {.domain = domain}).value()) {
    probe_writer.write({.cycle = 1});
    bulk_writer.write({});
    of_probe = set.add(probe_reader).value();
    of_alarms = set.add(alarm_reader).value();
  }

  probe::ProbeWriter probe_writer;
  probe::ProbeReader probe_reader;
  probe::BulkWriter bulk_writer;  // no stamp, checksum, a large value
  probe::BulkReader bulk_reader;
  TraceWriter trace_writer;  // overflow: overwrite
  TraceReader trace_reader;
  AlarmWriter alarm_writer;  // overflow: block
  AlarmReader alarm_reader;
  RawStateWriter paged_writer;
  RawStateReader paged_reader;
  WaitSet set;  // writers do not notice it
  WaitToken of_probe;
  WaitToken of_alarms;
  std::array<Trace, 4> traces{};
  std::array<Alarm, 2> alarms{};
  probe::Bulk bulk{};
  std::array<std::uint64_t, 512> page{};
};

bool go_through_pages(RawStateWriter& writer, RawStateReader& reader,
                      std::array<std::uint64_t, 512>& page) {
  return writer.write(bytes_of(page)).has_value() &&
         reader.read(writable_bytes_of(page)).has_value();
}

struct Operation {
  const char* name;
  bool (*run)(Ends& ends, std::uint64_t i);

  friend void PrintTo(const Operation& operation, std::ostream* stream) {
    *stream << operation.name;
  }
};

bool push_alarm(Ends& ends, std::uint64_t i) {
  return ends.alarm_writer.push({.code = static_cast<std::uint32_t>(i)}).has_value();
}

const Operation kDataPath[] = {
    {"write",
     [](Ends& ends, std::uint64_t i) { return ends.probe_writer.write({.cycle = i}).has_value(); }},
    {"write_large",
     [](Ends& ends, std::uint64_t) { return ends.bulk_writer.write(ends.bulk).has_value(); }},
    {"update",
     [](Ends& ends, std::uint64_t) {
       return ends.probe_writer.update([](probe::Probe& value) { ++value.cycle; }).has_value();
     }},
    {"loan_publish",
     [](Ends& ends, std::uint64_t i) {
       auto next = ends.probe_writer.loan();
       *next = {.cycle = i};
       return next.publish().has_value();
     }},
    {"read", [](Ends& ends, std::uint64_t) { return ends.probe_reader.read().has_value(); }},
    {"read_what_was_just_written",
     [](Ends& ends, std::uint64_t i) {
       ends.probe_writer.write({.cycle = i});
       const auto sample = ends.probe_reader.read();
       return sample && sample->value.cycle == i;
     }},
    {"read_into",
     [](Ends& ends, std::uint64_t) { return ends.bulk_reader.read_into(ends.bulk).has_value(); }},
    {"field", [](Ends& ends, std::uint64_t) { return ends.probe_reader.cycle().has_value(); }},
    {"has_changed",
     [](Ends& ends, std::uint64_t) {
       return ends.probe_reader.has_changed() && ends.probe_reader.version() != 0;
     }},
    {"push",
     [](Ends& ends, std::uint64_t i) { return ends.trace_writer.push({.step = i}).has_value(); }},
    {"push_batch",
     [](Ends& ends, std::uint64_t) {
       return ends.trace_writer.push_batch(ends.traces) == ends.traces.size();
     }},
    {"next",
     [](Ends& ends, std::uint64_t i) {
       ends.trace_writer.push({.step = i});
       const auto item = ends.trace_reader.next();
       return item && item->value.step == i;
     }},
    {"next_batch",
     [](Ends& ends, std::uint64_t) {
       ends.trace_writer.push_batch(ends.traces);
       return ends.trace_reader.next_batch(ends.traces) == ends.traces.size();
     }},
    {"view",
     [](Ends& ends, std::uint64_t i) {
       ends.trace_writer.push({.step = i});
       const auto view = ends.trace_reader.view();
       return view && (*view)->step == i;
     }},
    {"push_and_next_of_block",
     [](Ends& ends, std::uint64_t i) {
       return push_alarm(ends, i) && ends.alarm_reader.next().has_value();
     }},
    {"batches_of_block",
     [](Ends& ends, std::uint64_t) {
       return ends.alarm_writer.push_batch(ends.alarms) == ends.alarms.size() &&
              ends.alarm_reader.next_batch(ends.alarms) == ends.alarms.size();
     }},
    {"untyped_through_many_pages",
     [](Ends& ends, std::uint64_t) {
       return go_through_pages(ends.paged_writer, ends.paged_reader, ends.page);
     }},
    {"look_of_a_wait_set",
     [](Ends& ends, std::uint64_t i) {
       ends.probe_writer.write({.cycle = i});
       const Ready ready = ends.set.wait(std::chrono::nanoseconds(0));
       return ready.has(ends.of_probe) && !ready.has(ends.of_alarms) &&
              ends.probe_reader.read().has_value();
     }},
    {"view_of_block",
     [](Ends& ends, std::uint64_t i) {
       return push_alarm(ends, i) && ends.alarm_reader.view().has_value();
     }},
};

/// Where the clock needs a system call, every stamped publish makes one.
std::string clock_obstacle() {
  const ChildResult child = in_child([]() -> std::string {
    return measure(1, [](std::uint64_t) {
      timespec now{};
      ::clock_gettime(CLOCK_MONOTONIC, &now);
      return true;
    });
  });
  if (child.text.starts_with("0 system calls")) return "";
  std::ifstream file("/sys/devices/system/clocksource/clocksource0/current_clocksource");
  std::string source;
  std::getline(file, source);
  return fmt::format("clock_gettime, with clock source '{}', is not free of system calls here: {}",
                     source, child.text);
}

void watch_all(const Domain& domain) {
  const auto segments = list_segments(domain).value();
  for (const SegmentInfo& segment : segments) {
    if (!start_deadline_watch(domain, segment.name)) throw std::runtime_error("not watched");
  }
}

class DataPath : public testing::TestWithParam<Operation> {
 protected:
  /// What a million operations require of the kernel.
  static std::string ask(bool watched) {
    const auto million = [&] {
      const TemporaryDomain practice;
      const TemporaryDomain directory;
      return in_child([&]() -> std::string {
               // Leaked: closing a segment makes system calls, which by then are only counted.
               auto& others = *new Ends(practice.domain());
               auto& ends = *new Ends(directory.domain());
               if (watched) {
                 watch_all(practice.domain());
                 watch_all(directory.domain());
               }
               return measure(kOperations, [&](std::uint64_t i) {
                 return GetParam().run(i < kWarmUp ? others : ends, i);
               });
             })
          .text;
    };
    // The kernel itself may move a page and cause a fault; a fault of ours occurs in every run.
    std::string result = million();
    for (int again = 0; again < 2 && result != kNothing; ++again) result = million();
    return result;
  }
};

TEST_P(DataPath, AsksNothingOfTheKernel) {
  const std::string obstacle = clock_obstacle();
  if (!obstacle.empty()) GTEST_SKIP() << obstacle;
  EXPECT_EQ(ask(false), kNothing);
}

TEST_P(DataPath, AsksNothingOfTheKernelWhileItsDeadlinesAreWatched) {
  const std::string obstacle = clock_obstacle();
  if (!obstacle.empty()) GTEST_SKIP() << obstacle;
  EXPECT_EQ(ask(true), kNothing);
}

INSTANTIATE_TEST_SUITE_P(Operations, DataPath, testing::ValuesIn(kDataPath),
                         [](const auto& operation) { return std::string(operation.param.name); });

// The measurement detects violations.

TEST(DataPathMeasurement, CountsSystemCalls) {
  const ChildResult child = in_child([]() -> std::string {
    return measure(kControls, [](std::uint64_t) { return ::getppid() != 0; });
  });
  EXPECT_EQ(child.text, said(kControls, 0, 0, 0));
}

TEST(DataPathMeasurement, CountsAllocations) {
  const ChildResult child = in_child([]() -> std::string {
    return measure(kControls, [](std::uint64_t) {
      void* volatile block = ::operator new(8);
      ::operator delete(block);
      return block != nullptr;
    });
  });
  EXPECT_EQ(child.text, said(0, kControls, 0, 0));
}

TEST(DataPathMeasurement, CountsPageFaults) {
  const ChildResult child = in_child([]() -> std::string {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const std::size_t size = (kWarmUp + kControls) * page;
    void* fresh = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (fresh == MAP_FAILED) return "no memory";
    ::madvise(fresh, size, MADV_NOHUGEPAGE);
    auto* bytes = static_cast<volatile char*>(fresh);
    return measure(kControls, [&](std::uint64_t i) {
      bytes[i * page] = 1;
      return true;
    });
  });
  EXPECT_EQ(child.text, said(0, 0, kControls, 0));
}

TEST(DataPathMeasurement, CountsThePagesThatWereNotPrefaulted) {
  const TemporaryDomain directory;
  const ChildResult child = in_child([&]() -> std::string {
    const MemoryOptions untouched{.prefault = false};
    const auto options = WriterOptions{.domain = directory.domain(), .memory = untouched};
    auto& writer = *new auto(RawStateWriter::create(paged_channel(), options).value());
    auto& reader = *new auto(
        RawStateReader::attach("paged", {.domain = directory.domain(), .memory = untouched})
            .value());
    std::array<std::uint64_t, 512> page{};
    return measure(kControls,
                   [&](std::uint64_t) { return go_through_pages(writer, reader, page); });
  });
  EXPECT_TRUE(child.text.starts_with("0 system calls, 0 allocations, ")) << child.text;
  EXPECT_FALSE(contains(child.text, " 0 page faults")) << child.text;
}

TEST(DataPathMeasurement, CountsWhatDidNotGoWell) {
  const ChildResult child = in_child([]() -> std::string {
    return measure(kControls, [](std::uint64_t i) { return i % 2 == 0; });
  });
  EXPECT_EQ(child.text, said(0, 0, 0, kControls / 2));
}

}  // namespace
}  // namespace evo::test
