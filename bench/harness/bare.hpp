// SPDX-License-Identifier: Apache-2.0
/// The best possible performance of the machine: shared memory without any protocol.
///
/// No versions and no checks; endpoints never detach, and a writer that overtakes corrupts the
/// value. So no usable channel can be faster, and a figure as a multiple of these is independent of
/// the machine.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include "evo/detail/copy.hpp"

namespace evo::bench {

/// A ring for one writer and several readers that each read every value. Each endpoint remembers
/// the others' positions as last read.
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

    /// Takes up to `most` values; returns how many.
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

/// How bare memory is written.
enum class BareCopy : std::uint8_t { Plain, NonTemporal };

inline void copy_non_temporal(std::byte* to, const std::byte* from, std::size_t bytes) {
#if defined(__SSE2__)
  for (std::size_t done = 0; done < bytes; done += 16) {
    _mm_stream_si128(reinterpret_cast<__m128i*>(to + done),
                     _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + done)));
  }
  _mm_sfence();
#else
  std::memcpy(to, from, bytes);
#endif
}

/// The latest value, in one or more places in turn, each preceded by its number. Only for a writer
/// that waits for an answer before it writes again.
template <class Value, std::size_t kPlaces, BareCopy kCopy>
class BareCell {
 public:
  /// Writes number n, from 1.
  void write(std::uint64_t n, const Value& value) {
    Place& place = places_[n % kPlaces];
    if constexpr (kCopy == BareCopy::NonTemporal) {
      copy_non_temporal(place.bytes.data(), reinterpret_cast<const std::byte*>(&value),
                        sizeof(Value));
    } else {
      detail::copy_to_shared<sizeof(Value)>(place.bytes.data(), &value);
    }
    // release: pairs with the acquire load below.
    place.number.store(n, std::memory_order_release);
  }

  /// Reads number n, if it is there.
  bool read(std::uint64_t n, Value& value) const {
    const Place& place = places_[n % kPlaces];
    // acquire: pairs with the release store above.
    if (place.number.load(std::memory_order_acquire) != n) return false;
    detail::copy_from_shared<sizeof(Value)>(&value, place.bytes.data());
    return true;
  }

 private:
  /// A small value shares the line of its number.
  static constexpr std::size_t kAlignment = sizeof(Value) > 56 ? 64 : 8;

  struct alignas(64) Place {
    std::atomic<std::uint64_t> number{0};
    alignas(kAlignment) std::array<std::byte, sizeof(Value)> bytes;
  };

  std::array<Place, kPlaces> places_;
};

/// The latest value of a writer that does not wait for readers: places in turn, and the number of
/// the last one written. A reader cannot detect that its value was overwritten during the copy.
template <class Value, std::size_t kPlaces>
class BareLatest {
 public:
  /// Writes number n, from 1.
  void write(std::uint64_t n, const Value& value) {
    detail::copy_to_shared<sizeof(Value)>(places_[n % kPlaces].bytes.data(), &value);
    // release: pairs with the acquire load below.
    last_.store(n, std::memory_order_release);
  }

  /// The number of the value last written, or 0.
  [[nodiscard]] std::uint64_t last() const {
    // acquire: pairs with the release store above.
    return last_.load(std::memory_order_acquire);
  }

  /// Reads the value last written.
  void read(Value& value) const {
    detail::copy_from_shared<sizeof(Value)>(&value, places_[last() % kPlaces].bytes.data());
  }

 private:
  struct alignas(64) Place {
    alignas(64) std::array<std::byte, sizeof(Value)> bytes;
  };

  alignas(64) std::atomic<std::uint64_t> last_{0};
  std::array<Place, kPlaces> places_;
};

}  // namespace evo::bench
