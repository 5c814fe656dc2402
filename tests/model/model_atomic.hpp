// SPDX-License-Identifier: Apache-2.0
/// Stands in for `std::atomic` in the build of the model: the same size, and each operation is a
/// step of the explorer. Outside of its threads, and in memory that is not shared, it is a plain
/// variable.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

#include "machine.hpp"

namespace evo::model {

template <class T>
class atomic {  // NOLINT: the name in std
 public:
  static constexpr bool is_always_lock_free = true;

  atomic() = default;
  constexpr atomic(T value) noexcept : value_(value) {}  // NOLINT(google-explicit-constructor)
  atomic(const atomic&) = delete;
  atomic& operator=(const atomic&) = delete;

  T load(std::memory_order order = std::memory_order_seq_cst, const char* file = __builtin_FILE(),
         unsigned line = __builtin_LINE()) const noexcept {
    Machine* machine = machine_here();
    if (machine == nullptr) return value_;
    return from_word(machine->load(&value_, sizeof(T), {"load", order, file, line}));
  }

  void store(T value, std::memory_order order = std::memory_order_seq_cst,
             const char* file = __builtin_FILE(), unsigned line = __builtin_LINE()) noexcept {
    if (Machine* machine = machine_here(); machine != nullptr) {
      machine->store(&value_, sizeof(T), to_word(value), {"store", order, file, line});
    } else {
      value_ = value;
    }
  }

  bool compare_exchange_strong(T& expected, T desired, std::memory_order success,
                               std::memory_order failure, const char* file = __builtin_FILE(),
                               unsigned line = __builtin_LINE()) noexcept {
    const T wanted = expected;
    T old = value_;
    if (Machine* machine = machine_here(); machine != nullptr) {
      const auto change = [&](std::uint64_t found) -> std::optional<std::uint64_t> {
        if (found != to_word(wanted)) return std::nullopt;
        return to_word(desired);
      };
      old = from_word(
          machine->update(&value_, sizeof(T), change, {"exchange", success, file, line}, failure));
    } else if (value_ == wanted) {
      value_ = desired;
    }
    expected = old;
    return old == wanted;
  }

  bool compare_exchange_strong(T& expected, T desired, std::memory_order order,
                               const char* file = __builtin_FILE(),
                               unsigned line = __builtin_LINE()) noexcept {
    const auto failure = order == std::memory_order_release   ? std::memory_order_relaxed
                         : order == std::memory_order_acq_rel ? std::memory_order_acquire
                                                              : order;
    return compare_exchange_strong(expected, desired, order, failure, file, line);
  }

  /// Does not fail without a reason: a loop around it only tries again.
  bool compare_exchange_weak(T& expected, T desired, std::memory_order success,
                             std::memory_order failure, const char* file = __builtin_FILE(),
                             unsigned line = __builtin_LINE()) noexcept {
    return compare_exchange_strong(expected, desired, success, failure, file, line);
  }

  T exchange(T desired, std::memory_order order, const char* file = __builtin_FILE(),
             unsigned line = __builtin_LINE()) noexcept {
    return change([=](T /*old*/) { return desired; }, {"exchange", order, file, line});
  }
  T fetch_or(T bits, std::memory_order order, const char* file = __builtin_FILE(),
             unsigned line = __builtin_LINE()) noexcept {
    return change([=](T old) { return old | bits; }, {"fetch_or", order, file, line});
  }
  T fetch_add(T number, std::memory_order order, const char* file = __builtin_FILE(),
              unsigned line = __builtin_LINE()) noexcept {
    return change([=](T old) { return old + number; }, {"fetch_add", order, file, line});
  }

  operator T() const noexcept { return load(); }  // NOLINT(google-explicit-constructor)
  T operator=(T value) noexcept {                 // NOLINT: as std::atomic
    store(value);
    return value;
  }

 private:
  [[nodiscard]] Machine* machine_here() const {
    Machine* machine = Machine::running();
    return machine != nullptr && machine->shares(&value_) ? machine : nullptr;
  }
  /// Replaces the value by `next(value)`; returns the old one.
  template <class Next>
  T change(Next&& next, const Operation& operation) noexcept {
    Machine* machine = machine_here();
    if (machine == nullptr) return std::exchange(value_, next(value_));
    const auto changed = [&](std::uint64_t found) -> std::optional<std::uint64_t> {
      return to_word(next(from_word(found)));
    };
    // It never fails, so the second order does not matter.
    return from_word(
        machine->update(&value_, sizeof(T), changed, operation, std::memory_order_relaxed));
  }
  static std::uint64_t to_word(T value) {
    std::uint64_t word = 0;
    std::memcpy(&word, &value, sizeof(T));
    return word;
  }
  static T from_word(std::uint64_t word) {
    T value;
    std::memcpy(&value, &word, sizeof(T));
    return value;
  }

  T value_;
};

inline void atomic_thread_fence(std::memory_order order, const char* file = __builtin_FILE(),
                                unsigned line = __builtin_LINE()) noexcept {
  if (Machine* machine = Machine::running(); machine != nullptr) {
    machine->fence({"fence", order, file, line});
  }
}

/// Orders nothing: the explorer executes each thread in program order.
inline void atomic_signal_fence(std::memory_order /*order*/) noexcept {}

}  // namespace evo::model
