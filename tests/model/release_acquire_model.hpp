// SPDX-License-Identifier: Apache-2.0
/// A small model of the release/acquire part of the C++20 memory model, explored
/// exhaustively.
///
/// Memory is, per location, the list of all stores in modification order. A thread has a view: the
/// oldest store of each location that it may still read. A relaxed load may return any store from
/// the view on. A release store carries the storing thread's view with it, and an acquire load that
/// returns it joins that view. Fences do the same in two halves: a release fence freezes the view
/// that later relaxed stores carry, and an acquire fence joins the views that earlier relaxed loads
/// have met. This is the usual operational reading of release/acquire (Kang et al., "A promising
/// semantics for relaxed-memory concurrency", POPL 2017) without promises: loads do not see stores
/// that are later in program order than a store the thread depends on. Stores of one thread to one
/// location keep their order, which suffices because every location of the protocol has one writer
/// at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace evo::test {

enum class Order : std::uint8_t { Relaxed, Acquire, Release };

using Location = std::size_t;
using Register = std::size_t;
using Registers = std::vector<std::uint64_t>;

/// One step of a thread. Created by the functions below.
struct Instruction {
  enum class Kind : std::uint8_t { Load, Store, Fence, StopIf };
  Kind kind = Kind::Fence;
  Order order = Order::Relaxed;
  Location location = 0;
  /// Overrides `location`: the slot that the header names.
  std::function<Location(const Registers&)> location_from;
  Register into = 0;
  std::uint64_t value = 0;
  std::function<bool(const Registers&)> condition;
};

inline Instruction load(Location from, Register into, Order order) {
  Instruction instruction;
  instruction.kind = Instruction::Kind::Load;
  instruction.location = from;
  instruction.into = into;
  instruction.order = order;
  return instruction;
}

inline Instruction load_at(std::function<Location(const Registers&)> from, Register into,
                           Order order) {
  Instruction instruction = load(0, into, order);
  instruction.location_from = std::move(from);
  return instruction;
}

inline Instruction store(Location to, std::uint64_t value, Order order) {
  Instruction instruction;
  instruction.kind = Instruction::Kind::Store;
  instruction.location = to;
  instruction.value = value;
  instruction.order = order;
  return instruction;
}

inline Instruction fence(Order order) {
  Instruction instruction;
  instruction.order = order;
  return instruction;
}

/// Ends the thread here if the condition holds.
inline Instruction stop_if(std::function<bool(const Registers&)> condition) {
  Instruction instruction;
  instruction.kind = Instruction::Kind::StopIf;
  instruction.condition = std::move(condition);
  return instruction;
}

using Program = std::vector<Instruction>;

struct Model {
  std::vector<std::uint64_t> initial;  ///< value of each location
  Program writer;
  /// Begins once the writer has ended or was killed, as the kernel's lock ensures; sees everything
  /// that the writer stored. Receives the contents of memory at that time.
  std::function<Program(const std::vector<std::uint64_t>&)> successor;
  Program reader;
  std::size_t registers = 8;
  /// Judges a reader that reached the end of its program.
  std::function<bool(const Registers&)> acceptable;
};

struct Exploration {
  std::size_t executions = 0;    ///< distinct ends
  std::size_t completed = 0;     ///< ends in which the reader finished its program
  std::vector<Registers> wrong;  ///< what unacceptable readers held
};

/// Runs every execution, with the writer killed before each of its steps or not at all.
Exploration explore(const Model& model);

}  // namespace evo::test
