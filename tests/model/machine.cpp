// SPDX-License-Identifier: Apache-2.0
/// Executions: the search, the threads and their turns.
#include "machine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace evo::model {

namespace {

constexpr std::size_t kStackSize = 256U << 10U;

Machine* active = nullptr;

}  // namespace

std::size_t Decisions::choose(std::size_t alternatives) {
  if (alternatives <= 1) return 0;
  if (at_frontier()) taken_.push_back({0, static_cast<std::uint16_t>(alternatives)});
  if (taken_[position_].alternatives != alternatives) {
    throw std::logic_error("the scenario is not deterministic");
  }
  return taken_[position_++].taken;
}

bool Decisions::advance() {
  taken_.resize(position_);
  while (!taken_.empty() && taken_.back().taken + 1U == taken_.back().alternatives) {
    taken_.pop_back();
  }
  if (taken_.empty()) return false;
  ++taken_.back().taken;
  return true;
}

Machine* Machine::running() {
  return active != nullptr && active->in_thread_ ? active : nullptr;
}

Exploration Machine::explore(const Scenario& scenario) {
  active = this;
  do {
    begin_execution();
    const std::size_t before = result_.violations;
    Run run(*this);
    scenario(run);
    if (result_.violations != before && result_.first_violation.empty()) {
      // The same execution again, to write its steps down.
      result_.violations = before;
      trace_ = true;
      begin_execution();
      scenario(run);
      trace_ = false;
    }
    if (result_.violations != 0 && limits_.stop_at_violation) break;
    result_.complete = visited_.size() <= limits_.states;
  } while (start_again() || (result_.complete && decisions_.advance()));
  result_.states = visited_.size();
  active = nullptr;
  return std::move(result_);
}

bool Machine::start_again() {
  if (!start_again_) return false;
  start_again_ = false;
  decisions_ = {};
  visited_.clear();
  result_.executions = 0;
  result_.complete = true;
  return true;
}

void Machine::begin_execution() {
  decisions_.rewind();
  regions_.clear();
  locations_.assign(numbers_.size(), {});
  messages_.assign(1, {});
  threads_.clear();
  threads_.reserve(kMostThreads);
  locks_.clear();
  futexes_ = {};
  everyone_ = {};
  preemptions_ = 0;
  cut_short_ = false;
  granted_ = false;
  steps_.clear();
}

void Machine::violation(const std::string& what) {
  ++result_.violations;
  if (!trace_ || !result_.first_violation.empty()) return;
  result_.first_violation = what;
  for (const std::string& step : steps_) result_.first_violation += "\n  " + step;
}

bool Machine::run_threads() {
  for (std::size_t i = 0; i < threads_.size(); ++i) prepare(i);
  const auto first = ready();
  if (first.empty()) return true;
  self_ = first.front();
  in_thread_ = true;
  ::swapcontext(&main_, &threads_[self_].context);
  in_thread_ = false;
  if (!cut_short_) ++result_.executions;
  return !cut_short_;
}

void Machine::prepare(std::size_t index) {
  Thread& thread = threads_[index];
  auto& stack = stacks_[index];
  if (stack == nullptr) stack = std::make_unique<std::byte[]>(kStackSize);
  ::getcontext(&thread.context);
  thread.context.uc_stack.ss_sp = stack.get();
  thread.context.uc_stack.ss_size = kStackSize;
  thread.context.uc_link = nullptr;
  const std::uint64_t self = address_of(this);
  ::makecontext(&thread.context, reinterpret_cast<void (*)()>(&Machine::enter), 2,
                static_cast<unsigned>(self >> 32U), static_cast<unsigned>(self));
  if (thread.after) thread.status = Thread::Status::Waiting;
}

void Machine::enter(unsigned high, unsigned low) {
  auto* machine =
      reinterpret_cast<Machine*>((static_cast<std::uint64_t>(high) << 32U) | low);  // NOLINT
  machine->threads_[machine->self_].body();
  machine->leave(Thread::Status::Done);
}

void Machine::abandon_execution() {
  cut_short_ = true;
  ucontext_t unused;
  ::swapcontext(&unused, &main_);
  __builtin_unreachable();
}

/// Lets a thread take its next step.
void Machine::switch_to(std::size_t index) {
  granted_ = true;
  if (index == self_) return;
  ucontext_t& from = threads_[self_].context;
  self_ = index;
  ::swapcontext(&from, &threads_[index].context);
}

std::vector<std::size_t> Machine::ready() const {
  std::vector<std::size_t> indexes;
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    if (threads_[i].status == Thread::Status::Ready) indexes.push_back(i);
  }
  return indexes;
}

void Machine::start_successors_of(std::size_t index) {
  for (Thread& thread : threads_) {
    if (thread.status != Thread::Status::Waiting || thread.after != index) continue;
    thread.status = Thread::Status::Ready;
    join(thread.current, threads_[index].current);
  }
}

bool Machine::was_here_before() {
  return !trace_ && decisions_.at_frontier() && !visited_.insert(hash_of_state()).second;
}

/// The calling thread does not continue, unless it is woken.
void Machine::leave(Thread::Status status) {
  granted_ = false;
  threads_[self_].status = status;
  if (status != Thread::Status::Asleep) start_successors_of(self_);
  const auto others = ready();
  if (others.empty()) ::swapcontext(&threads_[self_].context, &main_);
  if (was_here_before()) abandon_execution();
  switch_to(others[decisions_.choose(others.size())]);
}

/// Decides which thread takes the next step, or is killed.
void Machine::before_step() {
  while (!granted_) {
    auto candidates = ready();
    std::erase(candidates, self_);
    if (preemptions_ >= limits_.preemptions) candidates.clear();
    // The present thread first, so that few paths switch.
    candidates.insert(candidates.begin(), self_);
    const std::size_t runnable = candidates.size();
    for (std::size_t i = 0; i < threads_.size(); ++i) {
      const auto status = threads_[i].status;
      const bool lives = status == Thread::Status::Ready || status == Thread::Status::Asleep;
      if (threads_[i].mortal && lives) candidates.push_back(i);
    }
    if (was_here_before()) abandon_execution();
    const std::size_t choice = decisions_.choose(candidates.size());
    const std::size_t chosen = candidates[choice];
    if (choice < runnable) {
      if (chosen != self_) ++preemptions_;
      switch_to(chosen);
    } else {
      kill(chosen);
    }
  }
  granted_ = false;
}

void Machine::kill(std::size_t index) {
  if (trace_) steps_.push_back(fmt::format("thread {} is killed", index));
  if (index == self_) return leave(Thread::Status::Killed);
  threads_[index].status = Thread::Status::Killed;
  start_successors_of(index);
}

std::uint64_t Machine::hash_of_state() const {
  std::uint64_t hash = 0;
  for (const Location& location : locations_) {
    hash = mix(hash, location.order.size() * 2 + (location.first_read_by_update ? 1 : 0));
    for (const MessageId id : location.order) {
      if (id != 0) hash = mix(hash, messages_[id].hash + (messages_[id].read_by_update ? 1 : 0));
    }
    for (std::size_t i = 0; i < threads_.size(); ++i) hash = mix(hash, location.plain_loads[i]);
  }
  for (const Thread& thread : threads_) {
    hash = mix(hash, thread.history + static_cast<std::uint64_t>(thread.status));
    hash = mix(hash, hash_of(thread.current));
    hash = mix(hash, hash_of(thread.acquired));
    hash = mix(hash, hash_of(thread.released));
  }
  for (const auto& [byte, lock] : locks_) {
    hash = mix(mix(hash, byte), mix(lock.holder ? *lock.holder + 1 : 0, hash_of(lock.view)));
  }
  hash = mix(mix(hash, hash_of(futexes_)), hash_of(everyone_));
  return limits_.preemptions == kUnlimited ? hash : mix(hash, mix(preemptions_, self_));
}

}  // namespace evo::model
