// SPDX-License-Identifier: Apache-2.0
#include "release_acquire_model.hpp"

#include <algorithm>
#include <set>
#include <tuple>

namespace evo::test {

namespace {

using View = std::vector<std::size_t>;

void join(View& into, const View& other) {
  for (std::size_t i = 0; i < into.size(); ++i) into[i] = std::max(into[i], other[i]);
}

struct Message {
  std::uint64_t value;
  View view;  // what an acquiring reader of it learns
  friend bool operator<(const Message& a, const Message& b) {
    return std::tie(a.value, a.view) < std::tie(b.value, b.view);
  }
};

struct Thread {
  std::size_t next = 0;
  bool ended = false;
  Registers registers;
  View current;   // the oldest store of each location it may still read
  View acquired;  // what an acquire fence would add
  View released;  // what its relaxed stores carry since the last release fence
  friend bool operator<(const Thread& a, const Thread& b) {
    return std::tie(a.next, a.ended, a.registers, a.current, a.acquired, a.released) <
           std::tie(b.next, b.ended, b.registers, b.current, b.acquired, b.released);
  }
};

struct State {
  std::vector<std::vector<Message>> memory;
  Thread writer;
  Thread reader;
  bool succeeded = false;  // whether the writer's program is its successor's
  Program writer_program;
  friend bool operator<(const State& a, const State& b) {
    return std::tie(a.memory, a.writer, a.reader, a.succeeded) <
           std::tie(b.memory, b.writer, b.reader, b.succeeded);
  }
};

class Explorer {
 public:
  explicit Explorer(const Model& model) : model_(model) {}

  Exploration run() {
    const View nothing(model_.initial.size(), 0);
    State state;
    for (const std::uint64_t value : model_.initial) state.memory.push_back({{value, nothing}});
    const Thread fresh{0, false, Registers(model_.registers, 0), nothing, nothing, nothing};
    state.writer = fresh;
    state.reader = fresh;
    state.writer_program = model_.writer;
    visit(std::move(state));
    return std::move(result_);
  }

 private:
  void visit(State state) {
    if (!seen_.insert(state).second) return;
    const bool writer_done = at_end(state.writer, state.writer_program);
    const bool reader_done = at_end(state.reader, model_.reader);
    if (reader_done) judge(state);
    if (reader_done) return;
    advance(state, &State::reader, model_.reader);
    if (!writer_done) advance(state, &State::writer, state.writer_program);
    if (model_.successor && !state.succeeded) visit(succeed(state));  // killed here, or ended
  }

  static bool at_end(const Thread& thread, const Program& program) {
    return thread.ended || thread.next == program.size();
  }

  void judge(const State& state) {
    ++result_.executions;
    if (state.reader.ended) return;
    ++result_.completed;
    if (!model_.acceptable(state.reader.registers)) result_.wrong.push_back(state.reader.registers);
  }

  [[nodiscard]] State succeed(State state) const {
    std::vector<std::uint64_t> last;
    for (const auto& location : state.memory) last.push_back(location.back().value);
    state.succeeded = true;
    state.writer_program = model_.successor(last);
    state.writer.next = 0;
    state.writer.ended = false;
    for (std::size_t i = 0; i < state.memory.size(); ++i) {
      state.writer.current[i] = state.memory[i].size() - 1;
    }
    // It knows all of memory, but passes on only what it has released itself.
    return state;
  }

  void advance(const State& state, Thread State::*which, const Program& program) {
    const Instruction& instruction = program[(state.*which).next];
    if (instruction.kind == Instruction::Kind::Load) return read(state, which, instruction);
    State after = state;
    Thread& thread = after.*which;
    ++thread.next;
    switch (instruction.kind) {
      case Instruction::Kind::Load:
        break;
      case Instruction::Kind::Store:
        write(after.memory[instruction.location], thread, instruction);
        break;
      case Instruction::Kind::Fence:
        if (instruction.order == Order::Acquire) join(thread.current, thread.acquired);
        if (instruction.order == Order::Release) thread.released = thread.current;
        break;
      case Instruction::Kind::StopIf:
        thread.ended = instruction.condition(thread.registers);
        break;
    }
    visit(std::move(after));
  }

  /// One successor state for each store that the load may return.
  void read(const State& state, Thread State::*which, const Instruction& load) {
    const Thread& before = state.*which;
    const Location from = load.location_from ? load.location_from(before.registers) : load.location;
    const auto& messages = state.memory[from];
    for (std::size_t i = before.current[from]; i < messages.size(); ++i) {
      State after = state;
      Thread& thread = after.*which;
      thread.registers[load.into] = messages[i].value;
      thread.current[from] = i;
      join(thread.acquired, messages[i].view);
      if (load.order == Order::Acquire) join(thread.current, messages[i].view);
      ++thread.next;
      visit(std::move(after));
    }
  }

  static void write(std::vector<Message>& messages, Thread& thread, const Instruction& store) {
    thread.current[store.location] = messages.size();
    View view = store.order == Order::Release ? thread.current : thread.released;
    view[store.location] = messages.size();
    messages.push_back({store.value, std::move(view)});
  }

  const Model& model_;
  Exploration result_;
  std::set<State> seen_;
};

}  // namespace

Exploration explore(const Model& model) {
  return Explorer(model).run();
}

}  // namespace evo::test
