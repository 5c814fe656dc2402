// SPDX-License-Identifier: Apache-2.0
/// `kind: stream`: pushes, overruns, the gate of a blocking stream, values in place, dead readers.
/// Value n is n, twice.
#include "scenarios.hpp"
#include "system/fork_guard.hpp"

namespace evo::model {
namespace {

using test::MemorySegment;

constexpr std::uint32_t kCapacity = 2;

struct Fixture {
  explicit Fixture(Overflow when_full, std::uint64_t pushes = 0, std::uint32_t capacity = kCapacity)
      : segment(pair_channel(capacity, Kind::Stream)), overflow(when_full) {
    layout.geometry = segment.geometry();
    layout.overflow = overflow;
    layout.generation = 1;
    publisher = publisher_after(0);
    push(pushes);
  }

  detail::StreamPublisher publisher_after(Sequence last) {
    return {segment.publisher(last), &segment.control(), MemorySegment::kEntries, &locks, layout};
  }
  detail::StreamObserver observer(std::uint32_t index) {
    return segment.stream_observer(index, 4, overflow);
  }

  /// Pushes the next numbers, until one finds no room. Returns how many were pushed.
  static std::uint64_t push_with(detail::StreamPublisher& publisher, const SlotGeometry& geometry,
                                 std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      const Pair value{publisher.sequence() + 1, publisher.sequence() + 1};
      const auto pushed = publisher.push(
          geometry,
          [&](std::byte* payload) { detail::copy_to_shared<sizeof(Pair)>(payload, value.data()); },
          std::chrono::nanoseconds(0));
      if (!pushed) return i;
    }
    return count;
  }
  std::uint64_t push(std::uint64_t count) {
    return push_with(publisher, segment.geometry(), count);
  }

  MemorySegment segment;
  Overflow overflow;
  detail::GuardedDescriptor locks;
  SegmentLayout layout;
  detail::StreamPublisher publisher;
};

/// What a reader takes, checked on the way: each value is the one of its number, each number is
/// taken or counted as lost.
struct Taker {
  explicit Taker(detail::StreamObserver& from) : observer(from), expected(from.next()) {}

  bool take_copy() {
    Pair value{};
    const bool there = observer.look([&](const detail::ReaderSlot& slot) {
      detail::copy_from_shared<sizeof(Pair)>(value.data(), slot.payload());
    });
    return there && took(value);
  }

  /// As StreamReader::view of a blocking stream.
  bool take_in_place() {
    const std::byte* payload = nullptr;
    const bool there =
        observer.look([&](const detail::ReaderSlot& slot) { payload = slot.payload(); });
    if (!there) return false;
    if (!observer.is_kept()) return take_copy();
    return took({plain_load(payload), plain_load(payload + 8)});
  }

  bool took(const Pair& value) {
    const std::uint64_t lost = observer.take_lost();
    right = right && value[0] == observer.next() && value[1] == observer.next() &&
            observer.next() == expected + lost;
    losses += lost;
    ++taken;
    observer.advance();
    observer.store_cursor();
    expected = observer.next();
    return true;
  }

  detail::StreamObserver& observer;
  Sequence expected;
  std::uint64_t taken = 0;
  std::uint64_t losses = 0;
  bool right = true;
};

const Registered kOverrun("stream: an overrun reader takes or counts each value", [](Run& run) {
  Fixture fixture(Overflow::Overwrite, 1);
  auto observer = fixture.observer(0);
  observer.attach();
  Taker taker(observer);
  share(run, fixture.segment);
  run.thread([&] { fixture.push(3); });
  run.thread([&] {
    while (taker.taken < 3 && taker.take_copy()) {
    }
  });
  if (!run.finish()) return;
  while (taker.take_copy()) {
  }
  run.expect(taker.right, "a value is wrong, or a loss is not counted");
  run.expect(taker.taken + taker.losses == 4, "a value is neither taken nor counted as lost");
});

/// With `overwrite`, what a view showed counts only if it is still there afterwards.
const Registered kStillThere("stream: a value in place that may be overwritten", [](Run& run) {
  Fixture fixture(Overflow::Overwrite, 1);
  auto observer = fixture.observer(0);
  observer.attach();
  Pair value{};
  bool valid = false;
  share(run, fixture.segment);
  run.thread([&] { fixture.push(3); });
  run.thread([&] {
    const std::byte* payload = nullptr;
    if (!observer.look([&](const detail::ReaderSlot& slot) { payload = slot.payload(); })) return;
    value = {detail::load_word(payload), detail::load_word(payload + 8)};
    valid = observer.still_there(observer.next());
  });
  if (!run.finish()) return;
  run.expect(!valid || (value[0] == observer.next() && value[1] == observer.next()),
             "a value that was still there is wrong");
});

/// With a capacity of 3, one scan of the cursors can grant the slot of a value that the reader has
/// just taken; with 2, there is another scan before the writer comes to it.
Scenario in_place(std::uint32_t capacity, std::uint64_t pushes_before, std::uint64_t pushes) {
  return [=](Run& run) {
    Fixture fixture(Overflow::Block, 1, capacity);
    auto observer = fixture.observer(0);
    observer.attach();
    Taker taker(observer);
    std::uint64_t pushed = 1 + fixture.push(pushes_before);
    share(run, fixture.segment);
    run.thread([&] {
      for (std::uint64_t i = 0; i < pushes; ++i) pushed += fixture.push(1);
    });
    const std::size_t reader = run.thread([&] {
      while (taker.taken < 3 && taker.take_in_place()) {
      }
    });
    run.holds(reader, reader_lock_byte(0));
    if (!run.finish()) return;
    while (taker.take_copy()) {
    }
    run.expect(taker.right, "a value is wrong");
    run.expect(taker.losses == 0 && taker.taken == pushed, "a value of a blocking stream is lost");
  };
}

const Registered kInPlace2("stream: a value in place is not overwritten", in_place(2, 0, 4));
const Registered kInPlace3("stream: a value in place is not overwritten, capacity 3",
                           in_place(3, 2, 2));

const Registered kAttach("stream: a reader that attaches loses nothing from then on", [](Run& run) {
  Fixture fixture(Overflow::Block, 1);
  auto observer = fixture.observer(0);
  std::uint64_t pushed = 1;
  std::optional<Taker> taker;
  share(run, fixture.segment);
  run.thread([&] {
    for (int i = 0; i < 4; ++i) pushed += fixture.push(1);
  });
  const std::size_t reader = run.thread([&] {
    observer.attach();
    taker.emplace(observer);
    while (taker->taken < 2 && taker->take_in_place()) {
    }
  });
  run.holds(reader, reader_lock_byte(0));
  if (!run.finish()) return;
  const Sequence first = taker->expected - taker->taken;
  while (taker->take_copy()) {
  }
  run.expect(taker->right, "a value is wrong");
  run.expect(taker->losses == 0 && taker->taken == pushed + 1 - first, "a value is lost");
});

const Registered kTwoReaders("stream: the slowest reader counts", [](Run& run) {
  Fixture fixture(Overflow::Block, 1);
  auto fast = fixture.observer(0);
  auto slow = fixture.observer(1);
  fast.attach();
  slow.attach();
  Taker fast_taker(fast);
  Taker slow_taker(slow);
  std::uint64_t pushed = 1;
  share(run, fixture.segment);
  run.thread([&] {
    for (int i = 0; i < 2; ++i) pushed += fixture.push(1);
  });
  run.holds(run.thread([&] { fast_taker.take_in_place(); }), reader_lock_byte(0));
  run.holds(run.thread([&] { slow_taker.take_in_place(); }), reader_lock_byte(1));
  if (!run.finish()) return;
  while (fast_taker.take_copy()) {
  }
  while (slow_taker.take_copy()) {
  }
  run.expect(fast_taker.right && slow_taker.right, "a value is wrong");
  run.expect(fast_taker.taken == pushed && slow_taker.taken == pushed, "a value is lost");
});

/// A reader seeks back to an older value, and sees each value from there on or counts it as lost.
const Registered kSeek("stream: a reader that seeks back", [](Run& run) {
  Fixture fixture(Overflow::Block, 2);
  auto observer = fixture.observer(0);
  observer.attach();
  std::uint64_t pushed = 2;
  std::optional<Taker> taker;
  share(run, fixture.segment);
  run.thread([&] {
    for (int i = 0; i < 3; ++i) pushed += fixture.push(1);
  });
  const std::size_t reader = run.thread([&] {
    observer.seek_oldest();
    taker.emplace(observer);
    while (taker->taken < 2 && taker->take_in_place()) {
    }
  });
  run.holds(reader, reader_lock_byte(0));
  if (!run.finish()) return;
  while (taker->take_copy()) {
  }
  run.expect(taker->right, "a value is wrong");
  run.expect(taker->expected == pushed + 1, "a value is neither taken nor counted as lost");
});

/// The reader that holds back the writer is killed. Its entry goes to another reader, which must
/// not lose anything by the writer's cleaning up after the first one.
const Registered kDeadReader("stream: a dead reader's entry is freed and used again", [](Run& run) {
  Fixture fixture(Overflow::Block, 2);
  auto doomed = fixture.observer(0);
  auto next = fixture.observer(0);
  std::uint64_t pushed = 2;
  std::optional<Taker> taker;
  share(run, fixture.segment);
  const std::size_t reader = run.mortal([&] {
    if (lock_byte(reader_lock_byte(0))) doomed.attach();
  });
  run.thread([&] {
    for (int i = 0; i < 3; ++i) pushed += fixture.push(1);
  });
  run.after(reader, [&] {
    if (!lock_byte(reader_lock_byte(0))) return;
    next.attach();
    taker.emplace(next);
    taker->take_in_place();
  });
  if (!run.finish()) return;
  if (!taker) return;  // the writer held the entry's lock at that moment
  const Sequence first = taker->expected - taker->taken;
  while (taker->take_copy()) {
  }
  run.expect(taker->right, "a value is wrong");
  run.expect(taker->losses == 0 && taker->taken == pushed + 1 - first, "a value is lost");
});

/// The writer is killed before any of its steps, in a batch too. Its successor pushes on.
const Registered kTakenOver("stream: takeover in the middle of a batch", [](Run& run) {
  Fixture fixture(Overflow::Overwrite, 1);
  const SlotGeometry& geometry = fixture.segment.geometry();
  auto observer = fixture.observer(0);
  observer.attach();
  Taker taker(observer);
  std::optional<Sequence> last;
  std::optional<detail::StreamPublisher> successor;
  share(run, fixture.segment);
  const std::size_t writer = run.mortal([&] {
    fixture.publisher.push_batch(
        geometry, 2,
        [&](std::size_t i, std::byte* payload) {
          const Pair value{2 + i, 2 + i};
          detail::copy_to_shared<sizeof(Pair)>(payload, value.data());
        },
        std::chrono::nanoseconds(0));
  });
  run.after(writer, [&] {
    last = detail::find_last_of_stream(fixture.segment.header(), fixture.segment.slots(), geometry);
    if (!last) return;
    detail::continue_after(fixture.segment.header(), *last);
    successor.emplace(fixture.publisher_after(*last));
    Fixture::push_with(*successor, geometry, 1);
  });
  run.thread([&] {
    while (taker.taken < 2 && taker.take_copy()) {
    }
  });
  if (!run.finish()) return;
  run.expect(last.has_value(), "the successor cannot trust what the dead writer left");
  while (taker.take_copy()) {
  }
  run.expect(taker.right, "a value is wrong, or a loss is not counted");
  run.expect(last && taker.expected == *last + 2, "a value is neither taken nor counted as lost");
});

}  // namespace
}  // namespace evo::model
