// SPDX-License-Identifier: Apache-2.0
#include "explorer.hpp"

#include "machine.hpp"

namespace evo::model {

void Run::share(const void* memory, std::size_t size) {
  machine_.share(memory, size);
}

std::size_t Run::thread(std::function<void()> body) {
  Thread thread;
  thread.body = std::move(body);
  return machine_.add_thread(std::move(thread));
}

std::size_t Run::mortal(std::function<void()> body) {
  Thread thread;
  thread.body = std::move(body);
  thread.mortal = true;
  return machine_.add_thread(std::move(thread));
}

std::size_t Run::after(std::size_t other, std::function<void()> body) {
  Thread thread;
  thread.body = std::move(body);
  thread.after = other;
  return machine_.add_thread(std::move(thread));
}

void Run::holds(std::size_t thread, std::uint64_t byte) {
  machine_.give_lock(thread, byte);
}

bool Run::finish() {
  return machine_.run_threads();
}

bool Run::was_killed(std::size_t thread) const {
  return machine_.thread(thread).status == Thread::Status::Killed;
}

bool Run::sleeps(std::size_t thread) const {
  return machine_.thread(thread).status == Thread::Status::Asleep;
}

void Run::expect(bool holds, const char* what) {
  if (!holds) machine_.violation(what);
}

std::uint64_t plain_load(const void* word) {
  return Machine::running()->plain_load(word, sizeof(std::uint64_t));
}

bool lock_byte(std::uint64_t byte) {
  return Machine::running()->lock(byte, 1);
}

Exploration explore(const Scenario& scenario, const Limits& limits, const Mutation* mutation) {
  return Machine(limits, mutation).explore(scenario);
}

}  // namespace evo::model
