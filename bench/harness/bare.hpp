/// What the machine can do at best: shared memory with nothing around it.
///
/// No versions, no checks, nobody ever leaves, and whoever overtakes breaks it. So no channel that
/// one would use can be faster, and a figure as a multiple of these does not depend on the machine.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "evo/detail/copy.hpp"

namespace evo::bench {

/// A ring for one writer and a number of readers that all take every value. Each end remembers how
/// far the others were when it last looked.
template <class Value, std::size_t kReaders>
class BareRing {
 public:
  static constexpr std::uint64_t kCapacity = 1024;

  class Writer {
   public:
    explicit Writer(BareRing& ring) : ring_(&ring) {}

    void push(const Value* values, std::size_t count) {
      while (next_ + count > free_until_) look();
      for (std::size_t i = 0; i < count; ++i) {
        Slot& slot = ring_->slots_[(next_ + i) % kCapacity];
        detail::copy_to_shared<sizeof(Value)>(slot.bytes.data(), values + i);
      }
      next_ += count;
      // release: pairs with the reader's acquire load of it.
      ring_->published_.value.store(next_, std::memory_order_release);
    }

   private:
    void look() {
      std::uint64_t slowest = next_;
      for (const Cursor& cursor : ring_->taken_) {
        // acquire: pairs with the reader's release store.
        const std::uint64_t taken = cursor.value.load(std::memory_order_acquire);
        if (taken < slowest) slowest = taken;
      }
      free_until_ = slowest + kCapacity;
    }

    BareRing* ring_;
    std::uint64_t next_ = 0;
    std::uint64_t free_until_ = 0;
  };

  class Reader {
   public:
    Reader(BareRing& ring, std::size_t index) : ring_(&ring), index_(index) {}

    /// Takes up to so many values; returns how many.
    std::size_t take(Value* values, std::size_t most) {
      if (next_ == there_) {
        // acquire: pairs with the writer's release store.
        there_ = ring_->published_.value.load(std::memory_order_acquire);
        if (next_ == there_) return 0;
      }
      const std::size_t count = there_ - next_ < most ? there_ - next_ : most;
      for (std::size_t i = 0; i < count; ++i) {
        const Slot& slot = ring_->slots_[(next_ + i) % kCapacity];
        detail::copy_from_shared<sizeof(Value)>(values + i, slot.bytes.data());
      }
      next_ += count;
      // release: pairs with the writer's acquire load.
      ring_->taken_[index_].value.store(next_, std::memory_order_release);
      return count;
    }

   private:
    BareRing* ring_;
    std::size_t index_;
    std::uint64_t next_ = 0;
    std::uint64_t there_ = 0;
  };

 private:
  struct alignas(64) Cursor {
    std::atomic<std::uint64_t> value{0};
  };
  struct alignas(64) Slot {
    alignas(64) std::array<std::byte, (sizeof(Value) + 63) / 64 * 64> bytes;
  };

  Cursor published_;
  std::array<Cursor, kReaders> taken_;
  std::array<Slot, kCapacity> slots_;
};

}  // namespace evo::bench
