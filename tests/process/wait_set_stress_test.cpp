// SPDX-License-Identifier: Apache-2.0
/// Four writers and four wait sets, each in a process of its own, and sixteen segments: no wake-up
/// is ever lost, and every set ends with the last value of each segment.
///
/// A sleep ends after a tenth of a second at the latest, which would hide a lost wake-up. So the
/// sets of the first test sleep without an end: this program replaces `syscall`, by the linker.
/// EVO_STRESS_PUBLISHES is the number of publishes, all segments together.
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "child_process.hpp"
#include "evo/wait_set.hpp"
#include "segments.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kWriters = 4;
constexpr std::size_t kSets = 4;
constexpr std::size_t kSegments = 16;

/// In the process of a set.
bool sleeps_without_end = false;
std::uint64_t sleeps_on_many = 0;

/// Shared by all processes.
struct Board {
  /// The number of the next publish of each segment. The order of the numbers does not matter, only
  /// that a writer which takes over continues after its predecessor.
  std::array<std::atomic<std::uint64_t>, kSegments> next{};
  std::array<std::atomic<std::uint64_t>, kSets> slept{};
  std::atomic<std::uint64_t> sets_ready{0};
};

Board& board() {
  static auto* const shared = new (::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE,
                                          MAP_SHARED | MAP_ANONYMOUS, -1, 0)) Board();
  return *shared;
}

std::uint64_t publishes_wanted(std::uint64_t otherwise) {
  const char* text = std::getenv("EVO_STRESS_PUBLISHES");
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

struct Value {
  std::uint64_t number = 0;
  std::uint64_t is_last = 0;
};

ChannelDescription channel(std::size_t segment) {
  // The description points to the name.
  static const auto names = [] {
    std::array<std::string, kSegments> all;
    for (std::size_t i = 0; i < kSegments; ++i) all.at(i) = "segment_" + std::to_string(i);
    return all;
  }();
  return raw_channel(names.at(segment), sizeof(Value));
}

/// Publishes on every fourth segment until each has had `wanted` publishes, in bursts of different
/// lengths with pauses in which the sets fall asleep. Then waits to be killed, because a close
/// would remove the segments.
std::string write_all(const Domain& domain, std::size_t writer, std::uint64_t wanted,
                      OnOrphan on_orphan) {
  std::deque<RawStateWriter> out;
  for (std::size_t s = writer; s < kSegments; s += kWriters) {
    out.push_back(
        RawStateWriter::create(channel(s), {.domain = domain, .on_orphan = on_orphan}).value());
  }
  while (board().sets_ready.load() != kSets) std::this_thread::yield();
  std::uint64_t random = 88172645463325252U + writer;
  for (bool done = false; !done;) {
    random ^= random << 13U;
    random ^= random >> 7U;
    random ^= random << 17U;
    done = true;
    for (std::size_t i = 0; i < out.size(); ++i) {
      std::atomic<std::uint64_t>& next = board().next.at(writer + i * kWriters);
      for (std::uint64_t burst = random % 8; burst != ~std::uint64_t{0}; --burst) {
        if (next.load() >= wanted) break;
        const Value value{.number = next.load() + 1};
        if (!out[i].write(bytes_of(value))) return "fenced";
        next.store(value.number);
      }
      done = done && next.load() >= wanted;
    }
    if (random % 64 == 0) std::this_thread::sleep_for(std::chrono::microseconds(random % 200));
  }
  for (RawStateWriter& each : out) {
    if (!each.write(bytes_of(Value{.number = wanted + 1, .is_last = 1}))) return "fenced";
  }
  while (true) ::pause();
}

/// Reads what a set finds ready until each segment's last value was there.
std::string read_all(const Domain& domain, std::size_t number, std::chrono::seconds limit) {
  ::alarm(static_cast<unsigned>(4 * limit.count()));  // ends a process that sleeps for ever
  std::deque<RawStateReader> in;
  std::array<WaitToken, kSegments> tokens;
  std::array<std::uint64_t, kSegments> last{};
  WaitSet set;
  for (std::size_t s = 0; s < kSegments; ++s) {
    in.push_back(RawStateReader::attach(channel(s), {.domain = domain, .wait = 30s}).value());
    tokens.at(s) = set.add(in.back()).value();
  }
  board().sets_ready.fetch_add(1);
  std::size_t left = kSegments;
  while (left != 0) {
    const Ready ready = set.wait(limit, {.spin = 0ns});
    if (ready.empty()) return "a wake-up was lost";
    for (std::size_t s = 0; s < kSegments; ++s) {
      if (ready.why(tokens.at(s)) == WaitReason::Replaced) {
        if (!in[s].reattach(30s)) return "cannot attach again";
      }
      if (ready.why(tokens.at(s)) != WaitReason::Value) continue;
      Value value;
      if (!in[s].read(writable_bytes_of(value))) continue;  // replaced at this moment
      if (value.number < last.at(s)) return "a value went back";
      if (value.is_last != 0 && last.at(s) != value.number) --left;
      last.at(s) = value.number;
    }
  }
  board().slept.at(number).store(sleeps_on_many);
  return "all";
}

/// From now on this process has no futex_waitv, as before Linux 5.16.
void forbid_waitv() {
  std::array<sock_filter, 4> program{
      {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
       BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_futex_waitv, 0, 1),
       BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
       BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)}};
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
    throw std::runtime_error("seccomp is not available");
  }
}

class WaitSetStress : public testing::Test {
 protected:
  static constexpr std::chrono::seconds kLong{30};

  WaitSetStress() {
    for (auto& next : board().next) next = 0;
    for (auto& slept : board().slept) slept = 0;
    board().sets_ready = 0;
  }

  void start_writer(std::size_t writer, std::uint64_t wanted,
                    OnOrphan on_orphan = OnOrphan::TakeOver) {
    writers_.at(writer) = std::make_unique<Child>(
        [&] { return write_all(directory_.domain(), writer, wanted, on_orphan); });
  }
  /// `prepare` runs in the process of each set.
  template <class Prepare>
  void start_sets(Prepare&& prepare) {
    for (std::size_t number = 0; number < kSets; ++number) {
      sets_.at(number) = std::make_unique<Child>([&] {
        prepare();
        return read_all(directory_.domain(), number, kLong);
      });
    }
  }
  void expect_all_sets_end() {
    for (const auto& set : sets_) EXPECT_EQ(set->join().text, "all");
  }

  TemporaryDomain directory_;
  std::array<std::unique_ptr<Child>, kWriters> writers_;
  std::array<std::unique_ptr<Child>, kSets> sets_;
};

TEST_F(WaitSetStress, EverySleepIsEndedByAWake) {
  const std::uint64_t wanted = publishes_wanted(2'000'000) / kSegments;
  for (std::size_t writer = 0; writer < kWriters; ++writer) start_writer(writer, wanted);
  start_sets([] { sleeps_without_end = true; });
  expect_all_sets_end();
  for (const auto& slept : board().slept) EXPECT_GT(slept.load(), 100U) << "it hardly ever slept";
}

TEST_F(WaitSetStress, EachOfAsManyAsPossibleWakes) {
  std::deque<RawStateWriter> out;
  const ResourceLimits limits{.segments_per_process = WaitSet::kMostReaders};
  std::vector<std::string> names;
  for (std::size_t i = 0; i < WaitSet::kMostReaders; ++i) {
    names.push_back("one_of_many_" + std::to_string(i));
    out.push_back(RawStateWriter::create(raw_channel(names.back(), sizeof(Value)),
                                         {.domain = directory_.domain(), .limits = limits})
                      .value());
  }
  std::atomic<std::uint64_t>& seen = board().next[0];
  Child set_process([&]() -> std::string {
    ::alarm(static_cast<unsigned>(4 * kLong.count()));
    sleeps_without_end = true;
    std::deque<RawStateReader> in;
    WaitSet set;
    for (const std::string& name : names) {
      in.push_back(RawStateReader::attach(name, {.domain = directory_.domain()}).value());
      static_cast<void>(set.add(in.back()).value());
    }
    board().sets_ready = 1;
    for (std::size_t i = 0; i < in.size(); ++i) {
      if (set.wait(kLong, {.spin = 0ns}).size() != 1) return "another one was ready";
      Value value;
      if (!in[i].read(writable_bytes_of(value))) return "cannot read";
      seen = i + 1;
    }
    return "all";
  });
  while (board().sets_ready.load() != 1) std::this_thread::yield();
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (i % 8 == 0) std::this_thread::sleep_for(1ms);
    ASSERT_TRUE(out[i].write(bytes_of(Value{})));
    while (seen.load() != i + 1 && ::kill(set_process.pid(), 0) == 0) std::this_thread::yield();
  }
  EXPECT_EQ(set_process.join().text, "all");
}

/// In a process whose sleeps do not end by themselves: a set with so many readers waits, while
/// another thread calls `change`.
template <class Change>
std::string woken_by(const Domain& domain, std::size_t readers, int descriptor, Change&& change) {
  ::alarm(kHangSeconds);
  sleeps_without_end = true;
  const auto out = RawStateWriter::create(channel(0), {.domain = domain}).value();
  std::deque<RawStateReader> in;
  WaitSet set;
  for (std::size_t i = 0; i < readers; ++i) {
    in.push_back(RawStateReader::attach(channel(0), {.domain = domain}).value());
    static_cast<void>(set.add(in.back()).value());
  }
  if (descriptor >= 0) static_cast<void>(set.add_fd(descriptor).value());
  std::thread other([&] {
    std::this_thread::sleep_for(20ms);
    change(set);
  });
  const Ready ready = set.wait();
  other.join();
  return ready.stopped() ? "stopped" : std::string(to_string(ready.why(*ready.begin())));
}

TEST_F(WaitSetStress, AStopEndsASleep) {
  for (const std::size_t readers : {std::size_t{1}, WaitSet::kMostReaders}) {
    const auto stop = [](WaitSet& set) { set.stop(); };
    EXPECT_EQ(in_child([&] { return woken_by(directory_.domain(), readers, -1, stop); }).text,
              "stopped")
        << readers;
  }
}

TEST_F(WaitSetStress, ADescriptorEndsASleep) {
  Pipe pipe;
  const auto write = [&](WaitSet& /*set*/) { pipe.write("x"); };
  EXPECT_EQ(in_child([&] { return woken_by(directory_.domain(), 1, pipe.reading(), write); }).text,
            "Readable");
}

TEST_F(WaitSetStress, WithoutFutexWaitvNothingIsLost) {
  const std::uint64_t wanted = publishes_wanted(100'000) / kSegments;
  for (std::size_t writer = 0; writer < kWriters; ++writer) start_writer(writer, wanted);
  start_sets(forbid_waitv);
  expect_all_sets_end();
}

TEST_F(WaitSetStress, WritersAreKilledAndSegmentsReplaced) {
  const std::uint64_t wanted = publishes_wanted(2'000'000) / kSegments;
  for (std::size_t writer = 0; writer < kWriters; ++writer) start_writer(writer, wanted);
  start_sets([] {});
  while (board().sets_ready.load() != kSets) std::this_thread::yield();
  for (std::size_t kill = 0; kill < 40; ++kill) {
    const std::size_t writer = kill % kWriters;
    std::this_thread::sleep_for(std::chrono::milliseconds(5 + kill % 7));
    EXPECT_TRUE(writers_.at(writer)->kill().killed_by(SIGKILL));
    start_writer(writer, wanted, kill % 8 < 4 ? OnOrphan::TakeOver : OnOrphan::Replace);
  }
  expect_all_sets_end();
}

}  // namespace
}  // namespace evo::test

extern "C" {

long __real_syscall(long number, ...);  // NOLINT

/// Takes six arguments, as the function of the C library does, however many the caller passes.
[[gnu::no_sanitize_address]] long __wrap_syscall(long number, ...) {  // NOLINT
  std::va_list list;
  va_start(list, number);
  std::array<std::uint64_t, 6> a;
  for (std::uint64_t& each : a) each = va_arg(list, std::uint64_t);
  va_end(list);
  const bool one = number == SYS_futex && static_cast<int>(a[1]) == FUTEX_WAIT_BITSET;
  if (number == SYS_futex_waitv) ++evo::test::sleeps_on_many;
  if ((one || number == SYS_futex_waitv) && evo::test::sleeps_without_end) a[3] = 0;  // no timeout
  return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
}
