// SPDX-License-Identifier: Apache-2.0
/// Explores every execution of a few threads under the C++ memory model: RC11 with release/acquire
/// accesses, fences, read-modify-writes and sequentially consistent fences.
///
/// The threads run the shipped headers, compiled against `model::atomic`. Memory is, per location,
/// the list of all stores in modification order. A thread has a view: the oldest store of each
/// location that it may still read. A load may return any store from the view on; the explorer
/// tries each of them. A release store carries the storing thread's view with it, and an acquire
/// load that returns it joins that view. Fences do the same in two halves. Sequentially consistent
/// fences also join a view that all of them share. This is the promise-free part of Kang et al., "A
/// promising semantics for relaxed-memory concurrency" (POPL 2017), the operational form of RC11
/// (Lahav et al., "Repairing sequential consistency in C/C++11", PLDI 2017). A store may also be
/// inserted before stores of other threads that the storing thread has not seen.
///
/// Exhaustive within the scenario: every order of steps, every store that a load may return, and a
/// kill before each step of a thread that may be killed. Executions that reach a state that was
/// visited before end there; threads are deterministic, so what a thread has loaded is its state.
///
/// Not shown: load buffering. RC11 forbids it, but hardware and the C++ standard permit it. Values
/// that are used in place are therefore checked for data races instead (see `plain_load`).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <set>
#include <string>
#include <vector>

namespace evo::model {

/// Where an atomic operation or fence stands in the source.
struct Site {
  std::string file;  ///< without directories
  unsigned line = 0;
  std::string operation;  ///< as in "load acquire"
  auto operator<=>(const Site&) const = default;
};

/// Replaces the memory order of one operation: the weakest one, or for a sequentially consistent
/// fence also the next weaker one.
struct Mutation {
  Site site;
  bool to_acq_rel = false;
};

class Machine;

/// One execution, handed to the scenario. Not thread-safe: all threads of the model are fibers.
class Run {
 public:
  explicit Run(Machine& machine) : machine_(machine) {}
  /// Declares shared memory. Accesses outside it do not count as steps.
  void share(const void* memory, std::size_t size);
  template <class T>
  void share(const T& object) {
    share(&object, sizeof(object));
  }

  /// Adds a thread. Its body must not own heap memory or other resources: it is abandoned when the
  /// thread is killed or the execution ends early. Returns the thread's number.
  std::size_t thread(std::function<void()> body);
  /// A thread that may be killed before each of its steps.
  std::size_t mortal(std::function<void()> body);
  /// A thread that begins once `other` has ended or was killed, and knows all that it did: what the
  /// kernel guarantees for the next holder of a lock.
  std::size_t after(std::size_t other, std::function<void()> body);

  /// Before the threads run: the thread holds the lock on this byte of the control file.
  void holds(std::size_t thread, std::uint64_t byte);

  /// Runs the threads. False if the execution was cut short because it leads to states that were
  /// visited before; then do not check anything.
  [[nodiscard]] bool finish();

  [[nodiscard]] bool was_killed(std::size_t thread) const;
  /// A thread that is asleep in the kernel when no thread can continue.
  [[nodiscard]] bool sleeps(std::size_t thread) const;

  /// Records a violation.
  void expect(bool holds, const char* what);

 private:
  Machine& machine_;
};

/// Loads 8 bytes of a value in place, without atomics. A store that could race with it is a
/// violation.
std::uint64_t plain_load(const void* word);

/// Takes the lock on a byte of the control file, as a process does that attaches.
bool lock_byte(std::uint64_t byte);

struct Exploration {
  std::size_t executions = 0;  ///< that ran to their end
  std::size_t states = 0;
  std::size_t violations = 0;
  std::string first_violation;  ///< what, and the steps that led to it
  std::set<Site> sites;         ///< operations with an order stronger than relaxed
  bool complete = true;         ///< false: a limit was reached
};

inline constexpr std::size_t kUnlimited = std::numeric_limits<std::size_t>::max();

struct Limits {
  std::size_t states = 20'000'000;
  std::size_t preemptions = kUnlimited;  ///< switches away from a thread that could continue
  bool stop_at_violation = true;
};

using Scenario = std::function<void(Run&)>;

Exploration explore(const Scenario& scenario, const Limits& limits = {},
                    const Mutation* mutation = nullptr);

}  // namespace evo::model
