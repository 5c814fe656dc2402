// SPDX-License-Identifier: Apache-2.0
/// One writer thread and several reader threads on one mapping: for the thread sanitizer, and to
/// detect a torn value or a step back in time.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "memory_segment.hpp"

namespace evo::test {
namespace {

constexpr std::uint64_t kPublishes = 2000;
constexpr int kReaders = 2;

/// What one reader has seen; collected here because only the main thread may assert.
struct Report {
  std::uint64_t reads = 0;
  std::uint64_t torn = 0;
  std::uint64_t wrong_version = 0;
  std::uint64_t steps_back = 0;
};

Report read_until(const MemorySegment& segment, std::size_t words, const std::atomic<bool>& stop) {
  Report report;
  const detail::StateObserver observer = segment.observer();
  std::vector<std::uint64_t> value(words);
  Sequence last = 0;
  bool more = true;
  while (more) {
    // acquire: pairs with the release store of the main thread after the writer has ended, so that
    // the read below runs once more after the last publish.
    more = !stop.load(std::memory_order_acquire);
    const auto n = observer.read([&](const detail::ReaderSlot& slot) {
      detail::copy_from_shared(value.data(), slot.payload(), words * sizeof(std::uint64_t));
    });
    if (!n) continue;
    ++report.reads;
    for (const std::uint64_t word : value) report.torn += word != value.front() ? 1 : 0;
    report.wrong_version += value.front() != *n ? 1 : 0;
    report.steps_back += *n < last ? 1 : 0;
    last = *n;
  }
  return report;
}

void race(std::size_t words, std::uint32_t slots, Stamp stamp) {
  ChannelDescription channel;
  channel.name = "raced";
  channel.owner = "model";
  channel.size = words * sizeof(std::uint64_t);
  channel.slots = slots;
  channel.stamp = stamp;
  MemorySegment segment(channel);
  std::atomic<bool> stop{false};
  std::vector<Report> reports(kReaders);
  std::vector<std::thread> readers;
  for (Report& report : reports) {
    readers.emplace_back([&] { report = read_until(segment, words, stop); });
  }
  auto publisher = segment.publisher();
  std::vector<std::uint64_t> value(words);
  for (std::uint64_t n = 1; n <= kPublishes; ++n) {
    value.assign(words, n);
    ASSERT_TRUE(publisher.publish(segment.geometry(), [&](std::byte* payload) {
      detail::copy_to_shared(payload, value.data(), channel.size);
    }));
  }
  // release: pairs with the readers' acquire load.
  stop.store(true, std::memory_order_release);
  for (std::thread& reader : readers) reader.join();
  for (const Report& report : reports) {
    EXPECT_GE(report.reads, 1U);
    EXPECT_EQ(report.torn, 0U);
    EXPECT_EQ(report.wrong_version, 0U);
    EXPECT_EQ(report.steps_back, 0U);
  }
}

RC_GTEST_PROP(ConcurrentProperty, ReadersSeeWholeValuesInOrder, ()) {
  race(*rc::gen::inRange<std::size_t>(1, 200), *rc::gen::inRange<std::uint32_t>(2, 9),
       *rc::gen::element(Stamp::None, Stamp::Monotonic));
}

}  // namespace
}  // namespace evo::test
