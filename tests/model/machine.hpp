// SPDX-License-Identifier: Apache-2.0
/// The memory, the threads and the choices of one exploration; see explorer.hpp for the model.
#pragma once

#include <ucontext.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <unordered_map>
#include <unordered_set>

#include "explorer.hpp"

namespace evo::model {

inline constexpr std::size_t kMostLocations = 96;
inline constexpr std::size_t kMostThreads = 6;

using MessageId = std::uint16_t;

/// Hashes one more value.
constexpr std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  // The finalizer of splitmix64 (Steele, Lea and Flood, OOPSLA 2014).
  hash = (hash ^ value) + 0x9e3779b97f4a7c15U;
  hash = (hash ^ (hash >> 30U)) * 0xbf58476d1ce4e5b9U;
  hash = (hash ^ (hash >> 27U)) * 0x94d049bb133111ebU;
  return hash ^ (hash >> 31U);
}

inline std::uint64_t address_of(const void* memory) {
  return reinterpret_cast<std::uint64_t>(memory);
}

/// What a thread knows: per location, the oldest store that it may still read; per thread, the
/// plain loads that happened before.
struct View {
  std::array<MessageId, kMostLocations> seen{};
  std::array<std::uint16_t, kMostThreads> plain_loads{};
  mutable std::uint64_t hash = 0;  ///< 0: not known yet
};

/// A store. Message 0 stands for the first value of any location.
struct Message {
  std::uint64_t value = 0;
  std::uint64_t key = 0;  ///< names it independently of the order of execution
  std::uint64_t hash = 0;
  std::uint16_t position = 0;   ///< in the location's modification order
  bool read_by_update = false;  ///< a read-modify-write follows it immediately
  View view;
};

struct Location {
  std::uint64_t address = 0;
  std::size_t size = 0;
  std::vector<MessageId> order;  ///< modification order; message 0 is `first`
  std::uint64_t first = 0;       ///< the value before the threads began
  bool first_read_by_update = false;
  std::array<std::uint16_t, kMostThreads> plain_loads{};  ///< each thread's last one from here
};

struct Thread {
  enum class Status : std::uint8_t { Waiting, Ready, Asleep, Done, Killed };

  std::function<void()> body;
  Status status = Status::Ready;
  bool mortal = false;
  std::optional<std::size_t> after;
  std::vector<std::uint64_t> asleep_on;  // addresses of the futex words
  View current;
  View acquired;              // what an acquire fence adds
  View released;              // what relaxed stores carry
  std::uint64_t history = 0;  // hash of everything that it has loaded
  std::uint64_t stores = 0;
  std::uint64_t clock = 0;
  ucontext_t context{};
};

/// A word of 64 bits, on whose low half a thread sleeps.
struct FutexWord {
  const void* address;
  std::uint32_t expected;
};

/// The stack of decisions: a depth-first search that starts again from the beginning each time.
class Decisions {
 public:
  void rewind() { position_ = 0; }
  /// Whether the next decision is a new one.
  [[nodiscard]] bool at_frontier() const { return position_ == taken_.size(); }
  std::size_t choose(std::size_t alternatives);
  /// Moves on to the next path; false after the last.
  bool advance();

 private:
  struct Decision {
    std::uint16_t taken;
    std::uint16_t alternatives;
  };
  std::vector<Decision> taken_;
  std::size_t position_ = 0;
};

/// The operation that a thread is about to execute.
struct Operation {
  const char* name;
  std::memory_order order;
  const char* file;
  unsigned line;
};

/// A byte of a lock file.
struct LockByte {
  std::optional<std::size_t> holder;
  View view;  ///< of the last holder, when it unlocked
};

class Machine {
 public:
  Machine(const Limits& limits, const Mutation* mutation) : limits_(limits), mutation_(mutation) {}
  Exploration explore(const Scenario& scenario);

  /// The machine whose thread calls; nullptr outside of its threads.
  static Machine* running();

  // For Run.
  void share(const void* memory, std::size_t size);
  std::size_t add_thread(Thread thread);
  bool run_threads();
  void give_lock(std::size_t thread, std::uint64_t byte) { locks_[byte].holder = thread; }
  [[nodiscard]] const Thread& thread(std::size_t index) const { return threads_.at(index); }
  void violation(const std::string& what);

  // For the threads.
  [[nodiscard]] bool shares(const void* address) const;
  std::uint64_t load(const void* address, std::size_t size, Operation operation);
  void store(void* address, std::size_t size, std::uint64_t value, Operation operation);
  /// Stores `change(old)`, unless it returns nullopt. Returns the old value.
  std::uint64_t update(void* address, std::size_t size,
                       const std::function<std::optional<std::uint64_t>(std::uint64_t)>& change,
                       Operation operation, std::memory_order failure);
  void fence(Operation operation);
  /// A load that is not atomic: a data race with a store is a violation.
  std::uint64_t plain_load(const void* address, std::size_t size);

  // The kernel.
  /// Sleeps on all words if the low half of each holds what is expected. One step: a change of one
  /// word while the kernel is at the next is as if it came after, because its wake is noticed.
  void futex_wait(std::span<const FutexWord> words);
  void futex_wake(const void* address);
  /// membarrier: a full fence on every thread.
  void barrier_everywhere();
  /// A lock on `count` bytes, or none of them. It is free once its holder is killed. The next
  /// holder knows what the former one did.
  bool lock(std::uint64_t byte, std::uint64_t count);
  void unlock(std::uint64_t byte, std::uint64_t count);
  std::uint64_t tick() { return ++threads_[self_].clock; }

 private:
  void begin_execution();
  void prepare(std::size_t index);
  bool start_again();
  void before_step();
  void switch_to(std::size_t index);
  void leave(Thread::Status status);
  void kill(std::size_t index);
  bool was_here_before();
  void abandon_execution();
  void start_successors_of(std::size_t index);
  [[nodiscard]] std::vector<std::size_t> ready() const;
  static void enter(unsigned high, unsigned low);

  std::size_t location_of(const void* address, std::size_t size);
  [[nodiscard]] std::uint64_t value_of(const Location& location, MessageId id) const;
  [[nodiscard]] bool is_read_by_update(const Location& location, MessageId id) const;
  MessageId choose_message(std::size_t location);
  void learn(Thread& self, std::size_t location, MessageId id, std::memory_order order);
  void changes(std::size_t location);
  void check_plain_loads(const Location& location);
  [[nodiscard]] std::memory_order effective(const Operation& operation);
  void join(View& into, const View& other) const;
  MessageId append(std::size_t location, std::uint64_t value, View view, std::size_t position);
  void full_fence(Thread& thread);
  void pass_through(View& lock);
  [[nodiscard]] std::uint64_t hash_of(const View& view) const;
  [[nodiscard]] std::uint64_t hash_of_state() const;
  void note(const Operation& operation, const void* address, std::uint64_t value);
  [[nodiscard]] std::string name_of(std::uint64_t address) const;

  Limits limits_;
  const Mutation* mutation_;
  Decisions decisions_;
  std::unordered_set<std::uint64_t> visited_;
  Exploration result_;

  struct Region {
    std::uint64_t begin;
    std::uint64_t end;
    std::uint64_t key;
  };
  std::vector<Region> regions_;
  // Numbers of locations stay the same through all executions.
  std::map<std::uint64_t, std::size_t> numbers_;  // by region and offset
  std::set<std::size_t> changing_;                // locations that some thread stores to
  bool start_again_ = false;
  std::vector<Location> locations_;
  std::vector<Message> messages_;
  std::vector<Thread> threads_;
  std::array<std::unique_ptr<std::byte[]>, kMostThreads> stacks_;
  std::map<std::uint64_t, LockByte> locks_;
  View futexes_;   // what the kernel's lock on the sleepers carries from call to call
  View everyone_;  // of the sequentially consistent fences
  std::size_t self_ = 0;
  std::size_t preemptions_ = 0;
  bool granted_ = false;  // the running thread may take its next step
  bool in_thread_ = false;
  bool cut_short_ = false;
  bool trace_ = false;
  std::vector<std::string> steps_;
  std::unordered_map<std::uint64_t, bool> known_sites_;  // whether it is the mutated one
  ucontext_t main_{};
};

}  // namespace evo::model
