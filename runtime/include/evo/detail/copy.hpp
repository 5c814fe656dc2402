// SPDX-License-Identifier: Apache-2.0
/// Copies between a slot and local memory.
///
/// A reader's copy may run while the writer overwrites the slot; the version of the slot then makes
/// the reader discard it. To keep that race from being undefined behaviour, the shared side is
/// accessed with relaxed 64-bit atomics. Compilers do not vectorise those, so payloads over
/// kWordCopyLimit bytes are copied with memcpy between opaque compiler barriers, except in
/// sanitizer and model builds. The technique is that of Boehm, "Can seqlocks get along with
/// programming language memory models?" (MSPC 2012).
///
/// I1: the shared side is 8-byte aligned and padded to whole words, so the last word may be loaded
///     or stored whole.
#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "evo/detail/atomic.hpp"
#include "evo/detail/step_hook.hpp"

namespace evo::detail {

using Word = sync::atomic<std::uint64_t>;
inline constexpr std::size_t kWordSize = sizeof(std::uint64_t);
static_assert(sizeof(Word) == kWordSize && Word::is_always_lock_free);

/// Payloads up to this many bytes are copied as hand-unrolled words.
inline constexpr std::size_t kWordCopyLimit = 256;

/// Whether a word at this address is loaded and stored in one piece.
inline bool is_word_aligned(const std::byte* address) noexcept {
  return reinterpret_cast<std::uintptr_t>(address) % kWordSize == 0;
}

/// Keeps the compiler from moving memory accesses across it; emits no instruction.
inline void compiler_barrier() noexcept {
  asm volatile("" ::: "memory");
}

inline void store_word(std::byte* shared, std::uint64_t value) noexcept {
  assert(is_word_aligned(shared));
  step(Step::WriterCopyWord);
  // relaxed: the slot version around the copy orders it ([slot-reuse] before, [slot-complete]
  // after).
  reinterpret_cast<Word*>(shared)->store(value, std::memory_order_relaxed);
}

inline std::uint64_t load_word(const std::byte* shared) noexcept {
  assert(is_word_aligned(shared));
  step(Step::ReaderCopyWord);
  // relaxed: the slot version around the copy orders it ([slot-complete] before, [slot-reuse]
  // after).
  return reinterpret_cast<const Word*>(shared)->load(std::memory_order_relaxed);
}

/// Copies `size` bytes to shared memory; the rest of the last word becomes zero.
[[gnu::always_inline]] inline void copy_words_to_shared(std::byte* shared, const std::byte* local,
                                                        std::size_t size) noexcept {
  std::size_t done = 0;
#pragma GCC unroll 32
  for (; size - done >= kWordSize; done += kWordSize) {
    std::uint64_t word;
    std::memcpy(&word, local + done, kWordSize);
    store_word(shared + done, word);
  }
  if (done != size) {
    std::uint64_t word = 0;
    std::memcpy(&word, local + done, size - done);
    store_word(shared + done, word);
  }
}

[[gnu::always_inline]] inline void copy_words_from_shared(std::byte* local, const std::byte* shared,
                                                          std::size_t size) noexcept {
  std::size_t done = 0;
#pragma GCC unroll 32
  for (; size - done >= kWordSize; done += kWordSize) {
    const std::uint64_t word = load_word(shared + done);
    std::memcpy(local + done, &word, kWordSize);
  }
  if (done != size) {
    const std::uint64_t word = load_word(shared + done);
    std::memcpy(local + done, &word, size - done);
  }
}

/// Copies `size` bytes into the payload of a slot.
[[gnu::always_inline]] inline void copy_inline_to_shared(std::byte* shared, const void* local,
                                                         std::size_t size) noexcept {
  if (kWordwiseCopy || size <= kWordCopyLimit) {
    copy_words_to_shared(shared, static_cast<const std::byte*>(local), size);
  } else {
    compiler_barrier();
    std::memcpy(shared, local, size);
    compiler_barrier();
  }
}

/// Copies `size` bytes out of the payload of a slot.
[[gnu::always_inline]] inline void copy_inline_from_shared(void* local, const std::byte* shared,
                                                           std::size_t size) noexcept {
  if (kWordwiseCopy || size <= kWordCopyLimit) {
    copy_words_from_shared(static_cast<std::byte*>(local), shared, size);
  } else {
    compiler_barrier();
    std::memcpy(local, shared, size);
    compiler_barrier();
  }
}

/// For a size known to the compiler, which unrolls the copy.
template <std::size_t kSize>
[[gnu::always_inline]] inline void copy_to_shared(std::byte* shared, const void* local) noexcept {
  copy_inline_to_shared(shared, local, kSize);
}

template <std::size_t kSize>
[[gnu::always_inline]] inline void copy_from_shared(void* local, const std::byte* shared) noexcept {
  copy_inline_from_shared(local, shared, kSize);
}

/// For any size; not inlined, so that callers stay small.
[[gnu::noinline]] inline void copy_to_shared(std::byte* shared, const void* local,
                                             std::size_t size) noexcept {
  copy_inline_to_shared(shared, local, size);
}

[[gnu::noinline]] inline void copy_from_shared(void* local, const std::byte* shared,
                                               std::size_t size) noexcept {
  copy_inline_from_shared(local, shared, size);
}

/// Copies `size` bytes from `offset` of the payload. The words that cover them are loaded whole, so
/// a field is read with the same accesses as the whole value.
[[gnu::always_inline]] inline void copy_range_from_shared(void* local, const std::byte* payload,
                                                          std::size_t offset,
                                                          std::size_t size) noexcept {
  auto* out = static_cast<std::byte*>(local);
  const std::size_t head = offset % kWordSize;
  if (head != 0 && size != 0) {
    const std::uint64_t word = load_word(payload + offset - head);
    const std::size_t first = size < kWordSize - head ? size : kWordSize - head;
    std::memcpy(out, reinterpret_cast<const std::byte*>(&word) + head, first);
    out += first;
    offset += first;
    size -= first;
  }
  if (size != 0) copy_inline_from_shared(out, payload + offset, size);
}

/// Replaces the bytes from `offset` on. Only the writer of the slot may call it, between
/// marking it as being filled and completing it.
inline void patch_shared(std::byte* payload, std::size_t offset,
                         std::span<const std::byte> bytes) noexcept {
  while (!bytes.empty()) {
    const std::size_t head = offset % kWordSize;
    const std::size_t count = bytes.size() < kWordSize - head ? bytes.size() : kWordSize - head;
    std::byte* const shared = payload + offset - head;
    // relaxed: this thread stored the word last; no other thread stores to it.
    std::uint64_t word = reinterpret_cast<const Word*>(shared)->load(std::memory_order_relaxed);
    std::memcpy(reinterpret_cast<std::byte*>(&word) + head, bytes.data(), count);
    store_word(shared, word);
    bytes = bytes.subspan(count);
    offset += count;
  }
}

/// Sets the bytes [from, to) and the rest of the last word to zero.
inline void clear_shared(std::byte* payload, std::size_t from, std::size_t to) noexcept {
  constexpr std::array<std::byte, kWordSize> kZeros{};
  if (const std::size_t head = from % kWordSize; head != 0 && from < to) {
    const std::size_t rest = kWordSize - head;
    patch_shared(payload, from, std::span(kZeros).first(rest));
    from += rest;
  }
  for (std::size_t offset = from; offset < to; offset += kWordSize) {
    store_word(payload + offset, 0);
  }
}

}  // namespace evo::detail
