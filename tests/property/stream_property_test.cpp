// SPDX-License-Identifier: Apache-2.0
/// Random sequences of operations of a stream's writer and readers, against a model that is one
/// list. The writer also runs between the accesses of a reader's operation.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "any_start.hpp"
#include "evo/detail/step_hook.hpp"
#include "evo/view.hpp"
#include "memory_segment.hpp"
#include "segments.hpp"

namespace evo::test {
namespace {

constexpr std::chrono::nanoseconds kNoWait{0};

/// The value of a push, unique within a stream.
std::uint64_t value_of(Sequence n) {
  return n * 0x9e3779b97f4a7c15U;
}

/// Pushes during a reader's operation: before which of its accesses, and how many.
using Interjections = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

/// A stream, some readers, and where each of them should be. The model counts pushes on its own, so
/// it is not affected when the sequence numbers wrap. A stream that does not start at the beginning
/// is full of zeros, which the model counts as pushes, too.
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
      const WriteError refusal = lent_ ? WriteError::LoanOut : WriteError::WouldBlock;
      RC_ASSERT(done || done.error() == refusal);
      taken = done ? 1 : 0;
    } else {
      taken = publisher_.push_batch(
          segment_.geometry(), count,
          [&](std::size_t i, std::byte* payload) { fill(payload, pushed_ + 1 + i); }, kNoWait);
    }
    pushed_ += taken;
    RC_ASSERT(publisher_.sequence() == sequence_of(pushed_));
    if (taken < count) RC_ASSERT(lent_ || is_full());
    check_what_is_kept();
  }

  /// Lends the next slot, or publishes or drops the outstanding loan.
  void lend(std::uint64_t seed) {
    if (!lent_) {
      if (publisher_.await_room(kNoWait)) return;
      fill(publisher_.begin(segment_.geometry()), pushed_ + 1);
    } else if (seed % 2 == 0) {
      RC_ASSERT(publisher_.finish(segment_.geometry()).has_value());
      ++pushed_;
      check_what_is_kept();
    } else {
      publisher_.abandon();
    }
    lent_ = !lent_;
  }

  /// The writer dies; its successor continues.
  void take_over() {
    const auto last =
        detail::find_last_of_stream(segment_.header(), segment_.slots(), segment_.geometry());
    RC_ASSERT(last.has_value());
    RC_ASSERT(*last == sequence_of(pushed_));
    publisher_ = segment_.stream_publisher(overflow_, *last);
    lent_ = false;
  }

  void attach_or_leave(std::uint32_t index, const Interjections& interjections) {
    Reader& reader = readers_.at(index);
    if (reader.observer) {
      reader.views.clear();
      segment_.entry(index).cursor = 0;
      reader.observer.reset();
      return;
    }
    reader.observer = segment_.stream_observer(index, 128, overflow_);
    const std::uint64_t first = newest();
    move(reader, interjections, [&] { reader.observer->attach(); });
    RC_ASSERT(reader.next >= first && reader.next <= newest());
    reader.safe_from = reader.next;
    reader.pending = 0;
  }

  void seek(std::uint32_t index, std::uint64_t seed, const Interjections& interjections) {
    Reader& reader = readers_.at(index);
    if (!reader.observer) return;
    const std::uint64_t kept = std::max(reader.safe_from, reader.next);
    switch (seed % 3) {
      case 0: {
        const std::uint64_t first = newest();
        move(reader, interjections, [&] { reader.observer->seek_latest(); });
        RC_ASSERT(reader.next >= first && reader.next <= newest());
        break;
      }
      case 1: {
        const std::uint64_t first = oldest();
        move(reader, interjections, [&] { reader.observer->seek_oldest(); });
        RC_ASSERT(reader.next >= first && reader.next <= oldest());
        break;
      }
      default: {
        // Back to a value that was there, or ahead to one that will be.
        const std::uint64_t to = 1 + seed / 3 % (pushed_ + 2 * capacity_);
        move(reader, interjections, [&] { reader.observer->seek(sequence_of(to)); });
        RC_ASSERT(reader.next == to);
        break;
      }
    }
    reader.safe_from = std::min(kept, newest());
  }

  void take(std::uint32_t index, const Interjections& interjections) {
    Reader& reader = readers_.at(index);
    if (!reader.observer || !find_next(reader, interjections)) return;
    RC_ASSERT(reader.observer->take_lost() == std::exchange(reader.pending, 0));
    reader.observer->advance();
    ++reader.next;
    reader.observer->store_cursor();
  }

  /// Views the next value in place. Records whether the writer must keep it while it is shown.
  void view(std::uint32_t index, const Interjections& interjections) {
    Reader& reader = readers_.at(index);
    if (!reader.observer) return;
    const std::byte* payload = find_next(reader, interjections);
    if (payload == nullptr) return;
    const bool kept = overflow_ == Overflow::Block && reader.observer->is_kept();
    reader.views.push_back({View<std::byte>(*reader.observer, payload), reader.next, kept});
    RC_ASSERT(reader.views.back().view.lost() == std::exchange(reader.pending, 0));
    ++reader.next;
  }

  void end_view(std::uint32_t index, std::uint64_t seed) {
    Reader& reader = readers_.at(index);
    if (reader.views.empty()) return;
    const auto which = reader.views.begin() + static_cast<long>(seed / 2 % reader.views.size());
    if (seed % 2 != 0) {
      which->view.give_back();
      if (reader.next == which->push + 1) {
        --reader.next;
        reader.pending += which->view.lost();
      } else if (reader.next > which->push) {
        ++reader.pending;
      }
    }
    reader.views.erase(which);
    RC_ASSERT(reader.observer->next() == sequence_of(reader.next));
  }

 private:
  struct Shown {
    View<std::byte> view;
    std::uint64_t push;
    bool kept;
  };
  struct Reader {
    std::optional<detail::StreamObserver> observer;
    std::vector<Shown> views;
    std::uint64_t next = 0;
    std::uint64_t safe_from = 0;  // a blocked writer loses nothing from here on
    std::uint64_t pending = 0;
    bool moves = false;  // its cursor is being set
  };

  /// While it exists, pushes occur between the accesses of the reader.
  class Interjecting {
   public:
    Interjecting(StreamMachine& machine, const Interjections& interjections)
        : machine_(machine), interjections_(interjections) {
      current_ = this;
      detail::step_hook = &before_step;
    }
    Interjecting(const Interjecting&) = delete;
    Interjecting& operator=(const Interjecting&) = delete;
    ~Interjecting() { detail::step_hook = nullptr; }

   private:
    static void before_step(detail::Step /*step*/) {
      Interjecting& self = *current_;
      const std::uint32_t step = self.steps_++;
      detail::step_hook = nullptr;
      for (const auto& [when, count] : self.interjections_) {
        if (when == step) self.machine_.push(count);
      }
      detail::step_hook = &before_step;
    }

    static inline Interjecting* current_ = nullptr;
    StreamMachine& machine_;
    const Interjections& interjections_;
    std::uint32_t steps_ = 0;
  };

  /// Sets the reader's cursor, and finds out where it is afterwards.
  template <class Move>
  void move(Reader& reader, const Interjections& interjections, Move&& to) {
    reader.moves = true;
    {
      const Interjecting interjecting(*this, interjections);
      to();
    }
    reader.moves = false;
    reader.next = 1 + segment_.geometry().distance(sequence_of(1), reader.observer->next());
  }

  /// Looks for the reader's next value and checks it. Returns its payload; null if there is none.
  const std::byte* find_next(Reader& reader, const Interjections& interjections) {
    const std::uint64_t first_pushed = pushed_;
    const std::uint64_t behind = reader.next <= pushed_ ? pushed_ + 1 - reader.next : 0;
    RC_ASSERT(reader.observer->lag() == behind);
    RC_ASSERT(reader.observer->has_next() == (behind != 0));
    std::uint64_t got = 0;
    const std::byte* payload = nullptr;
    bool there = false;
    {
      const Interjecting interjecting(*this, interjections);
      there = reader.observer->look([&](const detail::ReaderSlot& slot) {
        payload = slot.payload();
        detail::copy_from_shared(&got, payload, sizeof got);
      });
    }
    RC_ASSERT(there || behind == 0);
    if (!there) return nullptr;
    const std::uint64_t found = reader.next + segment_.geometry().distance(sequence_of(reader.next),
                                                                           reader.observer->next());
    RC_ASSERT(found >= reader.next && found <= pushed_);
    RC_ASSERT(got == (found <= before_ ? 0 : value_of(found)));
    if (found != reader.next) {
      RC_ASSERT(reader.next + capacity_ <= pushed_);  // it is no longer guaranteed
      if (overflow_ == Overflow::Block) RC_ASSERT(found <= reader.safe_from);
      if (pushed_ == first_pushed) RC_ASSERT(found == oldest());
    }
    reader.pending += found - reader.next;
    reader.next = found;
    return payload;
  }

  /// A blocked writer keeps what its readers have not taken, and what their views show.
  void check_what_is_kept() const {
    if (overflow_ == Overflow::Overwrite) return;
    for (const Reader& reader : readers_) {
      if (!reader.observer || reader.moves) continue;
      if (reader.next >= reader.safe_from) {
        RC_ASSERT(reader.next > pushed_ || pushed_ + 1 - reader.next <= capacity_);
      }
      for (const Shown& shown : reader.views) {
        std::uint64_t value = 0;
        detail::copy_from_shared(&value, &*shown.view, sizeof value);
        if (shown.kept) RC_ASSERT(value == (shown.push <= before_ ? 0 : value_of(shown.push)));
      }
    }
  }

  [[nodiscard]] Sequence sequence_of(std::uint64_t push) const {
    const SlotGeometry& geometry = segment_.geometry();
    return push >= before_ ? geometry.after(start_, push - before_)
                           : geometry.before(start_, before_ - push);
  }
  [[nodiscard]] std::uint64_t oldest() const {
    return pushed_ >= capacity_ ? pushed_ - capacity_ + 1 : 1;
  }
  [[nodiscard]] std::uint64_t newest() const { return std::max<std::uint64_t>(1, pushed_); }

  /// The next value of a reader, or an older one that one of its views shows.
  [[nodiscard]] static std::uint64_t oldest_in_use(const Reader& reader) {
    std::uint64_t first = reader.next;
    for (const Shown& shown : reader.views) first = std::min(first, shown.push);
    return first;
  }
  /// Whether some reader has yet to take as many values as the stream holds.
  [[nodiscard]] bool is_full() const {
    return overflow_ == Overflow::Block &&
           std::any_of(readers_.begin(), readers_.end(), [&](const Reader& reader) {
             return reader.observer &&
                    (reader.moves || oldest_in_use(reader) + capacity_ <= pushed_ + 1);
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
  bool lent_ = false;
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

struct Action {
  int operation;
  std::uint32_t seed;
  Interjections interjections;
};

rc::Gen<Action> any_action(std::uint32_t capacity) {
  return rc::gen::build<Action>(
      rc::gen::set(&Action::operation, rc::gen::inRange(0, 17)), rc::gen::set(&Action::seed),
      rc::gen::set(&Action::interjections, rc::gen::container<Interjections>(rc::gen::pair(
                                               rc::gen::inRange<std::uint32_t>(0, 30),
                                               rc::gen::inRange<std::uint32_t>(1, 2 * capacity)))));
}

RC_GTEST_PROP(StreamProperty, EveryValueInOrderOrCountedAsLost, ()) {
  const ChannelDescription channel = any_stream();
  StreamMachine machine(channel, any_start(slot_geometry(channel)));
  const auto actions = *rc::gen::container<std::vector<Action>>(any_action(channel.slots));
  for (const auto& [operation, seed, interjections] : actions) {
    const std::uint32_t reader = seed % 3;
    switch (operation) {
      case 0:
        machine.push(2 + seed % (3 * channel.slots));
        break;
      case 1:
        machine.lend(seed);
        break;
      case 2:
        machine.take_over();
        break;
      case 3:
        machine.attach_or_leave(reader, interjections);
        break;
      case 4:
        machine.seek(reader, seed / 3, interjections);
        break;
      case 5:
      case 6:
      case 7:
      case 8:
        machine.push(1);
        break;
      case 9:
      case 10:
        machine.view(reader, interjections);
        break;
      case 11:
        machine.end_view(reader, seed / 3);
        break;
      default:
        machine.take(reader, interjections);
        break;
    }
  }
}

}  // namespace
}  // namespace evo::test
