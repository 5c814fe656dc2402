// SPDX-License-Identifier: Apache-2.0
/// The state protocol under release/acquire memory: why slot.hpp needs each order.
///
/// x86 hides most of it, so the protocol is written down here again, step by step, and explored
/// exhaustively. Then each order is weakened in turn, and a torn value must appear. Location 0 is
/// the header's version, followed by three locations per slot: its version and two words, which are
/// n in publish n.
#include <gtest/gtest.h>

#include "evo/format/slot.hpp"
#include "release_acquire_model.hpp"

namespace evo::test {
namespace {

constexpr std::uint64_t kSlots = 2;
constexpr Location kHeader = 0;
Location version_of(std::uint64_t slot) {
  return 1 + 3 * slot;
}
Location word_of(std::uint64_t slot, std::uint64_t word) {
  return 2 + 3 * slot + word;
}

/// The orders of slot.hpp and state_publisher.hpp; tests weaken each of them.
struct Orders {
  bool fence_after_odd = true;         // [slot-reuse]
  Order completing = Order::Release;   // [slot-complete]
  Order publishing = Order::Release;   // [publish]
  Order first_look = Order::Acquire;   // [slot-complete]
  bool fence_before_confirm = true;    // [slot-reuse]
  Order header_load = Order::Acquire;  // [publish]
};

void append_publish(Program& program, std::uint64_t n, const Orders& orders) {
  const std::uint64_t slot = n % kSlots;
  program.push_back(store(version_of(slot), detail::filling_version(n), Order::Relaxed));
  if (orders.fence_after_odd) program.push_back(fence(Order::Release));
  program.push_back(store(word_of(slot, 0), n, Order::Relaxed));
  program.push_back(store(word_of(slot, 1), n, Order::Relaxed));
  program.push_back(store(version_of(slot), detail::complete_version(n), orders.completing));
  program.push_back(store(kHeader, detail::complete_version(n), orders.publishing));
}

enum : Register { kSeen, kBefore, kFirst, kSecond, kAfter, kCount };

/// A reader that starts from the header: one attempt.
Program reader_by_header(const Orders& orders) {
  const auto slot = [](const Registers& r) { return r[kSeen] / 2 % kSlots; };
  Program program{
      load(kHeader, kSeen, orders.header_load),
      load_at([=](const Registers& r) { return version_of(slot(r)); }, kBefore, orders.first_look),
      stop_if([](const Registers& r) { return r[kBefore] != r[kSeen]; }),
      load_at([=](const Registers& r) { return word_of(slot(r), 0); }, kFirst, Order::Relaxed),
      load_at([=](const Registers& r) { return word_of(slot(r), 1); }, kSecond, Order::Relaxed)};
  if (orders.fence_before_confirm) program.push_back(fence(Order::Acquire));
  program.push_back(
      load_at([=](const Registers& r) { return version_of(slot(r)); }, kAfter, Order::Relaxed));
  program.push_back(stop_if([](const Registers& r) { return r[kAfter] != r[kBefore]; }));
  return program;
}

/// A reader that has publish n - 1 and inspects the slot of publish n directly.
Program reader_of_slot(std::uint64_t n, const Orders& orders) {
  const std::uint64_t slot = n % kSlots;
  Program program{
      load(version_of(slot), kBefore, orders.first_look),
      stop_if([n](const Registers& r) { return r[kBefore] != detail::complete_version(n); }),
      load(word_of(slot, 0), kFirst, Order::Relaxed),
      load(word_of(slot, 1), kSecond, Order::Relaxed)};
  if (orders.fence_before_confirm) program.push_back(fence(Order::Acquire));
  program.push_back(load(version_of(slot), kAfter, Order::Relaxed));
  program.push_back(stop_if([](const Registers& r) { return r[kAfter] != r[kBefore]; }));
  return program;
}

bool whole(const Registers& r) {
  return r[kFirst] == r[kBefore] / 2 && r[kSecond] == r[kBefore] / 2;
}

/// Publishes 0 and 1 are long complete; the writer makes 2 and 3.
Model base(const Orders& orders) {
  Model model;
  model.initial = {2, 0, 0, 0, 2, 1, 1};
  append_publish(model.writer, 2, orders);
  append_publish(model.writer, 3, orders);
  model.reader = reader_by_header(orders);
  model.registers = kCount;
  model.acceptable = whole;
  return model;
}

TEST(MemoryOrder, TheProtocolNeverTearsAValue) {
  const Exploration exploration = explore(base({}));
  EXPECT_TRUE(exploration.wrong.empty());
  EXPECT_GT(exploration.completed, 2U);
  EXPECT_GT(exploration.executions, exploration.completed) << "no reader was ever overtaken";
}

TEST(MemoryOrder, EachOrderIsNeeded) {
  EXPECT_FALSE(explore(base({.fence_after_odd = false})).wrong.empty()) << "fence [slot-reuse]";
  EXPECT_FALSE(
      explore(base({.completing = Order::Relaxed, .publishing = Order::Relaxed})).wrong.empty())
      << "store [slot-complete]";
  EXPECT_FALSE(
      explore(base({.first_look = Order::Relaxed, .header_load = Order::Relaxed})).wrong.empty())
      << "load [slot-complete]";
  EXPECT_FALSE(explore(base({.fence_before_confirm = false})).wrong.empty())
      << "fence [slot-reuse]";
}

/// Either of the pairs D/A and E/F is enough for a reader that starts from the header. A reader of
/// the slot alone needs D/A.
TEST(MemoryOrder, AReaderOfTheSlotAloneNeedsItsOwnPair) {
  Orders orders;
  Model model = base(orders);
  model.reader = reader_of_slot(2, orders);
  EXPECT_TRUE(explore(model).wrong.empty());
  orders.completing = Order::Relaxed;
  model = base(orders);
  model.reader = reader_of_slot(2, orders);
  EXPECT_FALSE(explore(model).wrong.empty());
}

/// What the rule of find_last_complete finds in memory after a writer was killed.
std::uint64_t last_complete(const std::vector<std::uint64_t>& memory, bool after_header_alone) {
  std::uint64_t last = memory[kHeader] / 2;
  if (after_header_alone) return last;
  for (std::uint64_t slot = 0; slot < kSlots; ++slot) {
    const std::uint64_t version = memory[version_of(slot)];
    if (version % 2 == 0 && version / 2 > last) last = version / 2;
  }
  return last;
}

/// The words show which writer stored them, so that a mixture of two incarnations is detected.
constexpr std::uint64_t kSecondLife = 100;

Program successor(const std::vector<std::uint64_t>& memory, bool after_header_alone) {
  const std::uint64_t last = last_complete(memory, after_header_alone);
  Program program;
  if (memory[kHeader] != detail::complete_version(last)) {
    program.push_back(store(kHeader, detail::complete_version(last), Order::Release));
  }
  for (const std::uint64_t n : {last + 1, last + 2}) {
    const std::size_t from = program.size();
    append_publish(program, n, {});
    for (std::size_t i = from; i < program.size(); ++i) {
      const bool is_word = program[i].location == word_of(n % kSlots, 0) ||
                           program[i].location == word_of(n % kSlots, 1);
      if (is_word) program[i].value += kSecondLife;
    }
  }
  return program;
}

bool whole_in_one_life(const Registers& r) {
  return r[kFirst] == r[kSecond] && r[kFirst] % kSecondLife == r[kBefore] / 2;
}

Model killed(Program reader, bool after_header_alone) {
  Model model = base({});
  model.writer.clear();
  append_publish(model.writer, 2, {});
  model.successor = [=](const auto& memory) { return successor(memory, after_header_alone); };
  model.reader = std::move(reader);
  model.acceptable = whole_in_one_life;
  return model;
}

TEST(MemoryOrder, TakeoverIsRightForBothSortsOfReaderWhereverTheWriterDied) {
  EXPECT_TRUE(explore(killed(reader_by_header({}), false)).wrong.empty());
  EXPECT_TRUE(explore(killed(reader_of_slot(2, {}), false)).wrong.empty());
  EXPECT_TRUE(explore(killed(reader_of_slot(3, {}), false)).wrong.empty());
}

TEST(MemoryOrder, GoingOnAfterTheHeaderAloneWouldTearAValue) {
  EXPECT_FALSE(explore(killed(reader_of_slot(2, {}), true)).wrong.empty());
}

}  // namespace
}  // namespace evo::test
