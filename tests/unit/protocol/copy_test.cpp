// SPDX-License-Identifier: Apache-2.0
#include "evo/detail/copy.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "bytes.hpp"

namespace evo::test {
namespace {

constexpr std::byte kCanary{0xa5};
constexpr std::size_t kRoom = 1024;

/// Slot memory: aligned, and full of what an older publish may have left behind.
struct alignas(64) Shared {
  Shared() { bytes.fill(kCanary); }
  std::array<std::byte, kRoom> bytes;
};

/// Around the whole-word unrolling and the limit of the opaque copy.
std::vector<std::size_t> sizes() {
  std::vector<std::size_t> all;
  for (std::size_t size = 0; size <= 80; ++size) all.push_back(size);
  for (std::size_t size = 240; size <= 272; ++size) all.push_back(size);
  all.insert(all.end(), {511, 512, 513, 777, 1000});
  return all;
}

TEST(Copy, ThereAndBackIsTheSame) {
  for (const std::size_t size : sizes()) {
    Shared shared;
    const auto value = pattern(size);
    detail::copy_to_shared(shared.bytes.data(), value.data(), size);
    std::vector<std::byte> back(size + 8, kCanary);
    detail::copy_from_shared(back.data(), shared.bytes.data(), size);
    EXPECT_TRUE(std::equal(value.begin(), value.end(), back.begin())) << size;
    for (std::size_t i = size; i < back.size(); ++i) EXPECT_EQ(back[i], kCanary) << size;
    // Nothing after the last word.
    for (std::size_t i = (size + 7) / 8 * 8; i < kRoom; ++i) {
      ASSERT_EQ(shared.bytes[i], kCanary) << size << " at " << i;
    }
  }
}

template <std::size_t kSize>
void there_and_back() {
  Shared shared;
  const auto value = pattern(kSize);
  detail::copy_to_shared<kSize>(shared.bytes.data(), value.data());
  std::array<std::byte, kSize> back{};
  detail::copy_from_shared<kSize>(back.data(), shared.bytes.data());
  EXPECT_TRUE(std::equal(value.begin(), value.end(), back.begin())) << kSize;
}

TEST(Copy, OfConstantSizeToo) {
  there_and_back<1>();
  there_and_back<8>();
  there_and_back<13>();
  there_and_back<56>();
  there_and_back<255>();
  there_and_back<256>();
  there_and_back<257>();
  there_and_back<1000>();
}

TEST(Copy, EveryRangeIsWhatStandsThere) {
  constexpr std::size_t kSize = 100;
  Shared shared;
  const auto value = pattern(kSize);
  detail::copy_to_shared(shared.bytes.data(), value.data(), kSize);
  for (std::size_t offset = 0; offset <= kSize; ++offset) {
    for (std::size_t size = 0; size <= kSize - offset; ++size) {
      // Room for every size that g++ -O3 considers possible, so that it does not warn.
      std::vector<std::byte> out(detail::kWordCopyLimit + 8, kCanary);
      std::size_t unknown = size;
      asm("" : "+r"(unknown));
      detail::copy_range_from_shared(out.data(), shared.bytes.data(), offset, unknown);
      ASSERT_TRUE(std::equal(out.begin(), out.begin() + static_cast<long>(size),
                             value.begin() + static_cast<long>(offset)))
          << offset << " + " << size;
      for (std::size_t i = size; i < out.size(); ++i) ASSERT_EQ(out[i], kCanary);
    }
  }
}

TEST(Copy, LongRangesAtOddOffsets) {
  Shared shared;
  const auto value = pattern(kRoom);
  detail::copy_to_shared(shared.bytes.data(), value.data(), kRoom);
  for (const std::size_t offset : {1UL, 3UL, 8UL, 9UL, 100UL}) {
    for (const std::size_t size : {255UL, 256UL, 257UL, 264UL, 600UL}) {
      std::vector<std::byte> out(size);
      detail::copy_range_from_shared(out.data(), shared.bytes.data(), offset, size);
      EXPECT_TRUE(std::equal(out.begin(), out.end(), value.begin() + static_cast<long>(offset)))
          << offset << " + " << size;
    }
  }
}

TEST(Copy, RangeOfNothingTouchesNothing) {
  Shared shared;
  for (const std::size_t offset : {0UL, 3UL, 8UL}) {
    // A sanitizer would report a copy to a null pointer.
    detail::copy_range_from_shared(nullptr, shared.bytes.data(), offset, 0);
  }
}

TEST(Copy, PatchReplacesExactlyItsBytes) {
  constexpr std::size_t kSize = 64;
  const auto value = pattern(kSize);
  for (std::size_t offset = 0; offset <= kSize; ++offset) {
    for (std::size_t size = 0; size <= kSize - offset; ++size) {
      Shared shared;
      detail::copy_to_shared(shared.bytes.data(), value.data(), kSize);
      const auto patch = pattern(size, 99);
      detail::patch_shared(shared.bytes.data(), offset, patch);
      auto expected = value;
      std::copy(patch.begin(), patch.end(), expected.begin() + static_cast<long>(offset));
      ASSERT_TRUE(std::equal(expected.begin(), expected.end(), shared.bytes.begin()))
          << offset << " + " << size;
      ASSERT_EQ(shared.bytes[kSize], kCanary);
    }
  }
}

TEST(Copy, ShortValueIsFilledUpWithZeros) {
  for (const std::size_t size : sizes()) {
    for (const std::size_t total : {size, size + 1, size + 7, size + 8, size + 20}) {
      if (total > kRoom) continue;
      Shared shared;
      const auto value = pattern(size);
      detail::copy_to_shared(shared.bytes.data(), value.data(), size);
      detail::clear_shared(shared.bytes.data(), size, total);
      ASSERT_TRUE(std::equal(value.begin(), value.end(), shared.bytes.begin())) << size;
      for (std::size_t i = size; i < total; ++i) {
        ASSERT_EQ(shared.bytes[i], std::byte{0}) << size << " of " << total << " at " << i;
      }
    }
  }
}

}  // namespace
}  // namespace evo::test
