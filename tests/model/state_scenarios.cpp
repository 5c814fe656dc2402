// SPDX-License-Identifier: Apache-2.0
/// `kind: state`: a writer, its successor and readers. Publish n holds n, twice; a successor adds
/// kSecondLife, so that a mixture of two incarnations shows.
#include "scenarios.hpp"

namespace evo::model {
namespace {

using test::MemorySegment;

constexpr std::uint64_t kSecondLife = 100;

bool right(const Got& got) {
  return got.sequence == 0 || (got.whole() && got.value[0] % kSecondLife == got.sequence);
}

/// A segment with a few publishes.
struct Fixture {
  explicit Fixture(std::uint32_t slots, Sequence published = 1)
      : segment(pair_channel(slots)), publisher(segment.publisher()) {
    for (Sequence n = 1; n <= published; ++n) write(publisher, segment.geometry(), n);
  }

  /// A thread's publishes, up to number `last`.
  void write_up_to(Sequence last) {
    while (publisher.sequence() < last) {
      write(publisher, segment.geometry(), publisher.sequence() + 1);
    }
  }

  MemorySegment segment;
  detail::StatePublisher publisher;
};

const Registered kNeverTorn("state: a value is never torn", [](Run& run) {
  Fixture fixture(2);
  Got got;
  share(run, fixture.segment);
  run.thread([&] { fixture.write_up_to(4); });
  run.thread([&] { got = read(fixture.segment.observer(0)); });
  if (!run.finish()) return;
  run.expect(right(got), "the value is torn, or is not the one of its number");
  run.expect(got.sequence != 0 || got.error == ReadError::Contended, "the error is another one");
});

const Registered kNeverWritten("state: the first publish", [](Run& run) {
  Fixture fixture(2, 0);
  Got got;
  share(run, fixture.segment);
  run.thread([&] { fixture.write_up_to(2); });
  run.thread([&] { got = read(fixture.segment.observer(1)); });
  if (!run.finish()) return;
  run.expect(right(got), "the value is torn, or is not the one of its number");
  run.expect(got.sequence != 0 || got.error != ReadError::Detached, "the error is another one");
});

const Registered kNeverBack("state: a reader never goes back", [](Run& run) {
  Fixture fixture(2);
  Got first;
  Got second;
  share(run, fixture.segment);
  run.thread([&] { fixture.write_up_to(4); });
  run.thread([&] {
    const auto observer = fixture.segment.observer(1);
    first = read(observer);
    second = read(observer);
  });
  if (!run.finish()) return;
  run.expect(right(first) && right(second), "a value is torn");
  run.expect(first.sequence == 0 || second.sequence == 0 || first.sequence <= second.sequence,
             "the second read is older than the first");
});

/// A reader that knows the version reads that publish or a later one.
const Registered kVersion("state: a read is not older than the version before it", [](Run& run) {
  Fixture fixture(3, 2);
  const auto observer = fixture.segment.observer(0);
  static_cast<void>(read(observer));
  std::uint64_t version = 0;
  Got got;
  share(run, fixture.segment);
  run.thread([&] { fixture.write_up_to(3); });
  run.thread([&] {
    version = observer.version();
    got = read(observer);
  });
  if (!run.finish()) return;
  run.expect(right(got) && got.sequence >= version / 2, "the read is older than the version");
});

/// One reader tells another that it has read. The other one must not find an older value then,
/// whether it starts from the header, which lags behind the slots, or has fallen behind.
Scenario told_by_another(std::uint32_t slots, Sequence published, Sequence second_has_read,
                         Sequence to_come = 1, std::uint32_t retries = 8) {
  return [=](Run& run) {
    MemorySegment segment(pair_channel(slots));
    auto publisher = segment.publisher();
    const auto keeps_up = segment.observer(0);
    const auto other = segment.observer(retries);
    for (Sequence n = 1; n <= published; ++n) {
      write(publisher, segment.geometry(), n);
      static_cast<void>(read(keeps_up));
      if (n == second_has_read) static_cast<void>(read(other));
    }
    detail::sync::atomic<std::uint32_t> told{0};
    Got first;
    Got second;
    share(run, segment);
    run.share(told);
    run.thread([&] {
      for (Sequence n = 1; n <= to_come; ++n) write(publisher, segment.geometry(), published + n);
    });
    run.thread([&] {
      first = read(keeps_up);
      told.store(1, std::memory_order_release);
    });
    bool was_told = false;
    run.thread([&] {
      was_told = told.load(std::memory_order_acquire) == 1;
      if (was_told) second = read(other);
    });
    if (!run.finish()) return;
    run.expect(right(first) && right(second), "a value is torn");
    run.expect(!was_told || second.sequence == 0 || second.sequence >= first.sequence,
               "the second reader is behind the first");
    // Nothing overtakes them.
    run.expect(to_come > 1 || (first.sequence != 0 && (!was_told || second.sequence != 0)),
               "a read failed");
  };
}

const Registered kToldFresh("state: no reader is behind one that told it, both keep up",
                            told_by_another(3, 2, 2));
const Registered kToldLate("state: no reader is behind one that told it, attached just now",
                           told_by_another(3, 2, 0));
const Registered kToldBehind("state: no reader is behind one that told it, left behind",
                             told_by_another(3, 3, 1));
const Registered kToldLapped("state: no reader is behind one that told it, lapped",
                             told_by_another(2, 4, 1));
const Registered kToldOvertaken("state: no reader is behind one that told it, overtaken",
                                told_by_another(2, 1, 0, 3, 0), {.preemptions = 2});

struct Takeover {
  std::uint32_t slots = 2;
  Sequence published = 1;         ///< before the threads begin
  std::uint64_t dead_writes = 1;  ///< of the writer that may be killed
  std::uint64_t then_writes = 1;  ///< of its successor
  bool keeps_up = false;          ///< the reader has read the last publish
};

/// The writer is killed before any of its steps. Its successor continues after the last complete
/// publish, while a reader reads.
Scenario taken_over(const Takeover& with) {
  return [=](Run& run) {
    Fixture fixture(with.slots, with.published);
    MemorySegment& segment = fixture.segment;
    const auto observer = segment.observer(1);
    if (with.keeps_up) static_cast<void>(read(observer));
    share(run, segment);
    Got first;
    Got second;
    std::optional<Sequence> last;
    const std::size_t writer =
        run.mortal([&] { fixture.write_up_to(with.published + with.dead_writes); });
    run.after(writer, [&] {
      last = detail::find_last_complete(segment.header(), segment.slots(), segment.geometry());
      if (!last) return;
      detail::continue_after(segment.header(), *last);
      auto successor = segment.publisher(*last);
      for (Sequence n = *last + 1; n <= *last + with.then_writes; ++n) {
        write(successor, segment.geometry(), n + kSecondLife);
      }
    });
    run.thread([&] {
      first = read(observer);
      second = read(observer);
    });
    if (!run.finish()) return;
    run.expect(last.has_value(), "the successor cannot trust what the dead writer left");
    run.expect(right(first) && right(second), "a value is torn, or a number has two values");
    run.expect(first.sequence == 0 || second.sequence == 0 || first.sequence <= second.sequence,
               "the second read is older than the first");
  };
}

const Registered kTakenOver("state: takeover, the successor reuses both slots",
                            taken_over({.dead_writes = 1, .then_writes = 2}));
const Registered kTakenOverAhead("state: takeover after two publishes",
                                 taken_over({.dead_writes = 2, .then_writes = 1}));
const Registered kTakenOver3(
    "state: takeover with 3 slots, under a reader that keeps up",
    taken_over({.slots = 3, .published = 2, .dead_writes = 1, .then_writes = 2, .keeps_up = true}));

/// A writer that is fenced off in the middle of a publish completes that one, and no other.
const Registered kFenced("state: a fenced writer publishes at most once more", [](Run& run) {
  Fixture fixture(2);
  std::uint64_t refused = 0;
  detail::sync::atomic<std::uint32_t> told{0};
  bool knew = false;
  share(run, fixture.segment);
  run.share(told);
  run.thread([&] {
    knew = told.load(std::memory_order_acquire) == 1;
    for (std::uint64_t n = 2; n <= 3; ++n) {
      refused += write(fixture.publisher, fixture.segment.geometry(), n) ? 0 : 1;
    }
  });
  run.thread([&] {
    fixture.segment.control().incarnation.store(2, std::memory_order_release);
    told.store(1, std::memory_order_release);
  });
  if (!run.finish()) return;
  run.expect(!knew || refused == 2, "a writer published although it knew that it is fenced off");
});

}  // namespace
}  // namespace evo::model
