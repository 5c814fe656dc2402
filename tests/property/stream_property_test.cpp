/// Random sequences of operations on a stream's ends, against a model that is one list.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "any_start.hpp"
#include "memory_segment.hpp"
#include "segments.hpp"

namespace evo::test {
namespace {

constexpr std::chrono::nanoseconds kNoWait{0};

/// The value of a push: no two of a stream are the same.
std::uint64_t value_of(Sequence n) {
  return n * 0x9e3779b97f4a7c15U;
}

/// A stream, some readers, and where each of them should be. The model counts pushes on its own,
/// so that the wrap of the numbers is not its business. A stream that starts anywhere but at the
/// beginning is full of zeros, which are pushes to the model, too.
class StreamMachine {
 public:
  StreamMachine(const ChannelDescription& channel, Sequence start)
      : segment_(channel, start),
        overflow_(channel.overflow),
        capacity_(channel.slots),
        start_(start),
        before_(start == 0 ? 0 : capacity_ + 1),
        publisher_(segment_.stream_publisher(overflow_, start)),
        pushed_(before_) {}

  void push(std::uint64_t count) {
    std::uint64_t taken = 0;
    if (count == 1) {
      const auto done = publisher_.push(
          segment_.geometry(), [&](std::byte* payload) { fill(payload, pushed_ + 1); }, kNoWait);
      RC_ASSERT(done || done.error() == WriteError::WouldBlock);
      taken = done ? 1 : 0;
    } else {
      taken = publisher_.push_batch(
          segment_.geometry(), count,
          [&](std::size_t i, std::byte* payload) { fill(payload, pushed_ + 1 + i); }, kNoWait);
    }
    pushed_ += taken;
    RC_ASSERT(publisher_.sequence() == sequence_of(pushed_));
    if (taken < count) RC_ASSERT(is_full());
    for (const Reader& reader : readers_) {
      if (overflow_ == Overflow::Overwrite || !reader.observer) continue;
      if (!is_protected(reader)) continue;
      RC_ASSERT(reader.next > pushed_ || pushed_ + 1 - reader.next <= capacity_);
    }
  }

  /// Begins a value and gives it up. Nothing may be lost by that.
  void abandon() {
    if (publisher_.await_room(kNoWait)) return;
    std::byte* payload = publisher_.begin(segment_.geometry());
    fill(payload, 0xdead);
  }

  /// The writer dies; its successor goes on.
  void take_over() {
    const auto last =
        detail::find_last_of_stream(segment_.header(), segment_.slots(), segment_.geometry());
    RC_ASSERT(last.has_value());
    RC_ASSERT(*last == sequence_of(pushed_));
    publisher_ = segment_.stream_publisher(overflow_, *last);
  }

  void attach_or_leave(std::uint32_t index) {
    Reader& reader = readers_.at(index);
    if (reader.observer) {
      segment_.entry(index).cursor = 0;
      reader.observer.reset();
      return;
    }
    reader.observer = segment_.stream_observer(index);
    reader.observer->attach();
    reader.next = newest();
    reader.safe_from = newest();
    reader.pending = 0;
  }

  void seek(std::uint32_t index, std::uint64_t seed) {
    Reader& reader = readers_.at(index);
    if (!reader.observer) return;
    // Whatever was there before is not kept for it.
    reader.safe_from = newest();
    switch (seed % 3) {
      case 0:
        reader.observer->seek_latest();
        reader.next = newest();
        break;
      case 1:
        reader.observer->seek_oldest();
        reader.next = oldest();
        break;
      default:
        // Back to something that was there, or ahead to something that will be.
        reader.next = 1 + seed / 3 % (pushed_ + 2 * capacity_);
        reader.observer->seek(sequence_of(reader.next));
        break;
    }
  }

  void take(std::uint32_t index) {
    Reader& reader = readers_.at(index);
    if (!reader.observer) return;
    const std::uint64_t behind = reader.next <= pushed_ ? pushed_ + 1 - reader.next : 0;
    RC_ASSERT(reader.observer->lag() == behind);
    RC_ASSERT(reader.observer->has_next() == (behind != 0));
    std::uint64_t got = 0;
    const bool there = reader.observer->look([&](const detail::ReaderSlot& slot) {
      detail::copy_from_shared(&got, slot.payload(), sizeof got);
    });
    RC_ASSERT(there == (behind != 0));
    if (!there) return;
    // One more than the capacity may still be there, but nobody promises it.
    if (behind > capacity_ + 1 || reader.observer->next() != sequence_of(reader.next)) {
      RC_ASSERT(behind > capacity_);
      if (overflow_ == Overflow::Block) RC_ASSERT(oldest() <= reader.safe_from);
      reader.pending += oldest() - reader.next;
      reader.next = oldest();
    }
    RC_ASSERT(reader.observer->next() == sequence_of(reader.next));
    RC_ASSERT(reader.observer->take_lost() == reader.pending);
    RC_ASSERT(got == (reader.next <= before_ ? 0 : value_of(reader.next)));
    reader.pending = 0;
    reader.observer->advance();
    reader.observer->store_cursor();
    ++reader.next;
  }

 private:
  struct Reader {
    std::optional<detail::StreamObserver> observer;
    std::uint64_t next = 0;
    std::uint64_t safe_from = 0;  // a blocked writer loses nothing from here on
    std::uint64_t pending = 0;
  };

  [[nodiscard]] Sequence sequence_of(std::uint64_t push) const {
    const SlotGeometry& geometry = segment_.geometry();
    return push >= before_ ? geometry.after(start_, push - before_)
                           : geometry.before(start_, before_ - push);
  }
  [[nodiscard]] std::uint64_t oldest() const {
    return pushed_ >= capacity_ ? pushed_ - capacity_ + 1 : 1;
  }
  [[nodiscard]] std::uint64_t newest() const { return std::max<std::uint64_t>(1, pushed_); }

  [[nodiscard]] static bool is_protected(const Reader& reader) {
    return reader.next >= reader.safe_from;
  }
  /// Whether some reader has still to take as many as the stream holds.
  [[nodiscard]] bool is_full() const {
    return overflow_ == Overflow::Block &&
           std::any_of(readers_.begin(), readers_.end(), [&](const Reader& reader) {
             return reader.observer && reader.next + capacity_ <= pushed_ + 1;
           });
  }

  static void fill(std::byte* payload, std::uint64_t push) {
    const std::uint64_t value = value_of(push);
    detail::copy_to_shared(payload, &value, sizeof value);
  }

  MemorySegment segment_;
  Overflow overflow_;
  std::uint64_t capacity_;
  Sequence start_;
  std::uint64_t before_;  // pushes before the test
  detail::StreamPublisher publisher_;
  std::array<Reader, 3> readers_;
  std::uint64_t pushed_;
};

ChannelDescription any_stream() {
  ChannelDescription channel = raw_channel("any", *rc::gen::inRange<std::size_t>(8, 400));
  channel.kind = Kind::Stream;
  channel.slots = std::uint32_t{1} << *rc::gen::inRange(1, 6);
  channel.overflow = *rc::gen::element(Overflow::Overwrite, Overflow::Block);
  channel.stamp = *rc::gen::element(Stamp::None, Stamp::Monotonic);
  return channel;
}

RC_GTEST_PROP(StreamProperty, EveryValueInOrderOrCountedAsLost, ()) {
  const ChannelDescription channel = any_stream();
  StreamMachine machine(channel, any_start(slot_geometry(channel)));
  const auto steps = *rc::gen::container<std::vector<std::pair<int, std::uint32_t>>>(
      rc::gen::pair(rc::gen::inRange(0, 14), rc::gen::arbitrary<std::uint32_t>()));
  for (const auto& [operation, seed] : steps) {
    const std::uint32_t reader = seed % 3;
    switch (operation) {
      case 0:
        machine.push(2 + seed % (3 * channel.slots));
        break;
      case 1:
        machine.abandon();
        break;
      case 2:
        machine.take_over();
        break;
      case 3:
        machine.attach_or_leave(reader);
        break;
      case 4:
        machine.seek(reader, seed / 3);
        break;
      case 5:
      case 6:
      case 7:
      case 8:
        machine.push(1);
        break;
      default:
        machine.take(reader);
        break;
    }
  }
}

}  // namespace
}  // namespace evo::test
