// SPDX-License-Identifier: Apache-2.0
/// Real-time settings of a thread: requests to the kernel, and a report of those it granted.
///
///   auto report = evo::rt::enter({.priority = 50, .cpus = {3}});
///
/// Call it from the thread that has the deadline, after `create` and `attach` and before its loop:
/// it makes system calls, allocates, and takes milliseconds. Channels work without it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "evo/error.hpp"

namespace evo::rt {

/// Which pages of the process stay in physical memory.
enum class MemoryLock : std::uint8_t {
  None,              ///< leave everything as it is
  Present,           ///< those that are mapped now
  PresentAndFuture,  ///< also those mapped later, including the whole stack of each later thread
};

/// What is requested. All of it is optional, and correctness needs none of it.
struct Options {
  /// SCHED_FIFO with this priority, 1 to 99, for the calling thread. nullopt: unchanged. Threads
  /// and processes that it starts afterwards are scheduled normally (SCHED_RESET_ON_FORK).
  std::optional<int> priority = {};
  /// Cores that the calling thread may run on; those that it starts afterwards inherit them. Empty:
  /// unchanged.
  std::vector<int> cpus = {};
  /// For the whole process.
  MemoryLock memory = MemoryLock::PresentAndFuture;
  /// Bytes of the calling thread's stack to touch now, so that deeper calls take no page fault.
  /// Zero: none.
  std::size_t stack_bytes = std::size_t{256} * 1024;
};

/// How the kernel schedules a thread; see sched(7).
enum class Policy : std::uint8_t { Other, Fifo, RoundRobin, Batch, Idle, Deadline, Unknown };

/// The present settings of the calling thread and its process, as read back from the kernel. A note
/// is empty if everything was granted; otherwise it says what was not, why, and what to do.
struct Report {
  Policy policy = Policy::Unknown;
  int priority = 0;  ///< for Fifo and RoundRobin; otherwise 0
  std::string scheduling_note;

  std::vector<int> cpus;  ///< cores that the thread may run on, in order
  std::string cpus_note;

  bool memory_locked = false;         ///< requested, and done: the pages mapped now
  bool future_memory_locked = false;  ///< requested, and done: those mapped later
  std::uint64_t locked_bytes = 0;     ///< of the whole process, as the kernel counts them (VmLck)
  std::string memory_note;

  std::size_t stack_bytes = 0;  ///< bytes of the stack that were touched
  std::string stack_note;

  /// Whether every request was granted.
  [[nodiscard]] bool is_complete() const noexcept {
    return scheduling_note.empty() && cpus_note.empty() && memory_note.empty() &&
           stack_note.empty();
  }
  [[nodiscard, deprecated("use is_complete()")]] bool complete() const noexcept {
    return is_complete();
  }
};

/// "OTHER", "FIFO", …: the names of sched(7) without SCHED_.
[[nodiscard]] std::string_view to_string(Policy policy) noexcept;

/// Makes all requests and reports which were granted. A refused request is noted, and the others
/// are still carried out. Unsupported, with nothing done: a priority that SCHED_FIFO does not have,
/// or a core that this computer does not have.
[[nodiscard]] Result<Report> enter(const Options& options);

/// Registers this process with the kernel as one that wakes readers, which the first `create` of a
/// process needs. A program that contains a writer does so before main(). A library that is loaded
/// into a process with threads calls this at a quiet moment, because it takes a few milliseconds
/// there. Any thread may call it, any number of times.
void prepare() noexcept;

}  // namespace evo::rt
