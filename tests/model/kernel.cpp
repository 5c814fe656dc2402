// SPDX-License-Identifier: Apache-2.0
/// What system calls do to memory and threads.
#include <algorithm>

#include "machine.hpp"

namespace evo::model {

/// Takes and frees a lock of the kernel.
void Machine::pass_through(View& lock) {
  join(threads_[self_].current, lock);
  join(lock, threads_[self_].current);
}

void Machine::futex_wait(std::span<const FutexWord> words) {
  before_step();
  Thread& self = threads_[self_];
  // The kernel compares each word under a lock that a waker takes, too, and stays in the queues of
  // those before. Its full fences are not counted on.
  pass_through(futexes_);
  bool sleeps = true;
  for (const FutexWord& word : words) {
    const std::size_t number = location_of(word.address, sizeof(std::uint64_t));
    const MessageId id = choose_message(number);
    learn(self, number, id, std::memory_order_relaxed);
    sleeps = static_cast<std::uint32_t>(value_of(locations_[number], id)) == word.expected;
    note({"futex wait", std::memory_order_seq_cst, "", 0}, word.address, sleeps ? 1 : 0);
    if (!sleeps) return;
  }
  self.asleep_on.clear();
  for (const FutexWord& word : words) self.asleep_on.push_back(address_of(word.address));
  leave(Thread::Status::Asleep);
}

void Machine::futex_wake(const void* address) {
  before_step();
  pass_through(futexes_);
  std::uint64_t woken = 0;
  for (Thread& thread : threads_) {
    if (thread.status != Thread::Status::Asleep) continue;
    const auto& words = thread.asleep_on;
    if (std::find(words.begin(), words.end(), address_of(address)) == words.end()) continue;
    thread.status = Thread::Status::Ready;
    ++woken;
  }
  note({"futex wake", std::memory_order_seq_cst, "", 0}, address, woken);
}

void Machine::barrier_everywhere() {
  before_step();
  full_fence(threads_[self_]);
  for (Thread& thread : threads_) full_fence(thread);
  full_fence(threads_[self_]);
  note({"membarrier", std::memory_order_seq_cst, "", 0}, nullptr, 0);
}

bool Machine::lock(std::uint64_t byte, std::uint64_t count) {
  before_step();
  Thread& self = threads_[self_];
  full_fence(self);
  bool free = true;
  for (std::uint64_t i = byte; i < byte + count; ++i) {
    const auto& holder = locks_[i].holder;
    if (!holder || holder == self_) continue;
    free = free && threads_[*holder].status == Thread::Status::Killed;
  }
  note({"lock", std::memory_order_seq_cst, "", 0}, nullptr, free ? 1 : 0);
  if (!free) return false;
  for (std::uint64_t i = byte; i < byte + count; ++i) {
    join(self.current, locks_[i].holder ? threads_[*locks_[i].holder].current : locks_[i].view);
    locks_[i].holder = self_;
  }
  return true;
}

void Machine::unlock(std::uint64_t byte, std::uint64_t count) {
  before_step();
  full_fence(threads_[self_]);
  for (std::uint64_t i = byte; i < byte + count; ++i) locks_[i] = {{}, threads_[self_].current};
  note({"unlock", std::memory_order_seq_cst, "", 0}, nullptr, byte);
}

}  // namespace evo::model
