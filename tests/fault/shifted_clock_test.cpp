// SPDX-License-Identifier: Apache-2.0
/// Endpoints whose monotonic clocks disagree: one of them is in a time namespace, which sets the
/// clock back or forward for all processes in it.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <chrono>

#include "evo/format.hpp"
#include "evo/segment_info.hpp"
#include "fault_matrix.hpp"
#include "namespaces.hpp"
#include "segment_ends.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

using namespace std::chrono_literals;

#ifndef CLONE_NEWTIME
constexpr int CLONE_NEWTIME = 0x80;
#endif

/// Longer than any wait in here, even on a busy machine; much shorter than the shift.
constexpr auto kBounded = 10s;

/// Call this before the first fork into the new time namespace.
void shift_monotonic_clock(std::chrono::seconds shift) {
  const std::string text = fmt::format("monotonic {} 0\n", shift.count());
  const int fd = ::open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(fd);
  if (!written) throw std::runtime_error("cannot shift the clock");
}

class ShiftedClock : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    if (const std::string why = namespace_obstacle(CLONE_NEWTIME); !why.empty()) {
      GTEST_SKIP() << why;
    }
    // A clock cannot be set back beyond the machine's start.
    const auto up =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::nanoseconds(monotonic_ns()));
    shift_ = GetParam() * std::min<std::chrono::seconds>(up / 2, 1h);
    if (abs(shift_) < 2 * kBounded) GTEST_SKIP() << "the machine is up for too short a time";
  }

  /// Runs `body()` under the shifted clock.
  template <class Body>
  [[nodiscard]] std::string under_shifted_clock(Body&& body) const {
    const std::uint64_t outside = monotonic_ns();
    return in_child([&]() -> std::string {
             return run_in_namespaces(
                 CLONE_NEWTIME, [&] { shift_monotonic_clock(shift_); },
                 [&]() -> std::string {
                   const auto seen = std::chrono::nanoseconds(
                       static_cast<std::int64_t>(monotonic_ns() - outside));
                   if (abs(seen - shift_) > kBounded) return "the clock is not shifted";
                   return body();
                 });
           })
        .text;
  }

  TemporaryDomain directory_;
  ShiftedClock() { channel_.max_age = 24h; }

  ChannelDescription channel_ = raw_channel("probe", 256);
  std::chrono::seconds shift_{0};
};

/// What a reader and an inspection from outside report about the last value.
std::string judged(RawStateReader& reader, const Domain& domain) {
  std::uint64_t word = 0;
  const auto sample = reader.read(writable_bytes_of(word));
  if (!sample) return std::string(to_string(sample.error()));
  if (sample->age() < 0ns) return "negative age";
  const auto seen = inspect_segment(domain, "probe");
  if (!seen) return outcome(seen);
  return fmt::format("{} {}{}", sample->fresh() ? "fresh" : "not fresh", to_string(seen->freshness),
                     seen->stamp_ahead > kBounded ? " ahead" : "");
}

/// Waits for a change that does not come, and reports whether it took about as long as it should.
std::string wait_in_vain(RawStateReader& reader) {
  const std::uint64_t start = monotonic_ns();
  const bool changed = reader.wait_for_change(50ms);
  const auto waited = std::chrono::nanoseconds(monotonic_ns() - start);
  if (changed) return "changed";
  return waited >= 50ms && waited < kBounded ? "bounded" : "not bounded";
}

TEST_P(ShiftedClock, OfTheReader) {
  RawStateWriter writer = make_writer(directory_.domain(), channel_);
  publish(writer, 7);
  const std::string said = under_shifted_clock([&]() -> std::string {
    RawStateReader reader = make_reader(directory_.domain(), channel_);
    const std::string value = read_whole(reader);
    return fmt::format("{} {} {}, {}", value, wait_in_vain(reader),
                       to_string(reader.writer_state()), judged(reader, directory_.domain()));
  });
  const bool ahead = shift_ < 0s;
  EXPECT_EQ(said,
            fmt::format("7 bounded Alive, {}", ahead ? "not fresh Stale ahead" : "fresh Fresh"));
  tried(1, fmt::format("clock {:+} s: reads, waits 50 ms, never a negative age{}", shift_.count(),
                       ahead ? ", never fresh" : ""));
}

TEST_P(ShiftedClock, OfTheWriter) {
  const std::string said = under_shifted_clock([&]() -> std::string {
    leave_whole_orphan(directory_.domain(), channel_, 7);
    return "left";
  });
  ASSERT_EQ(said, "left");
  RawStateReader reader = make_reader(directory_.domain(), channel_);
  EXPECT_EQ(read_whole(reader), "7");
  // If it stayed fresh until this clock reaches its stamp, it would hide the writer's death.
  const bool ahead = shift_ > 0s;
  EXPECT_EQ(judged(reader, directory_.domain()), ahead ? "not fresh Stale ahead" : "fresh Fresh");
  EXPECT_EQ(wait_in_vain(reader), "bounded");
  EXPECT_EQ(to_string(reader.writer_state()), "Dead");
  EXPECT_EQ(works_again(directory_.domain(), channel_), "ok");
  tried(1, fmt::format("clock {:+} s: is read{}, Dead, taken over", shift_.count(),
                       ahead ? ", never fresh" : ""));
}

std::string direction_name(const testing::TestParamInfo<int>& row) {
  return row.param < 0 ? "SetBack" : "SetForward";
}

INSTANTIATE_TEST_SUITE_P(Monotonic, ShiftedClock, testing::Values(-1, 1), direction_name);

}  // namespace
}  // namespace evo::test
