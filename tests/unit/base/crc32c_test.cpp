// SPDX-License-Identifier: Apache-2.0
#include "evo/format/crc32c.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "bytes.hpp"
#include "evo/detail/copy.hpp"

namespace evo::test {
namespace {

std::uint32_t checksum(const Bytes& bytes) {
  return crc32c(bytes.data(), bytes.size());
}

/// Bit by bit, as defined.
std::uint32_t by_definition(const Bytes& bytes) {
  std::uint32_t crc = ~0U;
  for (const std::byte byte : bytes) {
    crc ^= std::to_integer<std::uint32_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1U) != 0 ? 0x82f63b78U : 0U);
  }
  return ~crc;
}

TEST(Crc32c, KnownValues) {
  // The check value of the algorithm, and the examples of RFC 3720, appendix B.4.
  constexpr std::string_view kDigits = "123456789";
  EXPECT_EQ(crc32c(kDigits.data(), kDigits.size()), 0xe3069283U);
  EXPECT_EQ(checksum(Bytes(32)), 0x8a9136aaU);
  EXPECT_EQ(checksum(Bytes(32, std::byte{0xff})), 0x62a8ab43U);
  Bytes rising(32);
  for (std::size_t i = 0; i < rising.size(); ++i) rising[i] = static_cast<std::byte>(i);
  EXPECT_EQ(checksum(rising), 0x46dd794eU);
  std::reverse(rising.begin(), rising.end());
  EXPECT_EQ(checksum(rising), 0x113fdb5cU);
  EXPECT_EQ(checksum({}), 0U);
}

TEST(Crc32c, EverySizeAgreesWithTheDefinition) {
  for (std::size_t size = 0; size < 70; ++size) {
    EXPECT_EQ(checksum(pattern(size)), by_definition(pattern(size))) << size;
  }
  // From 768 bytes on, three parts are checked at once.
  for (std::size_t size = 760; size < 780; ++size) {
    EXPECT_EQ(checksum(pattern(size)), by_definition(pattern(size))) << size;
  }
  EXPECT_EQ(checksum(pattern(10'007)), by_definition(pattern(10'007)));
}

TEST(Crc32c, ContinuesAnEarlierOne) {
  const Bytes bytes = pattern(100);
  for (std::size_t first = 0; first <= bytes.size(); ++first) {
    const std::uint32_t begun = crc32c(bytes.data(), first);
    EXPECT_EQ(crc32c(bytes.data() + first, bytes.size() - first, begun), checksum(bytes));
  }
}

TEST(Crc32c, OfSharedMemoryIsTheSame) {
  alignas(8) std::array<std::byte, 4104> shared{};
  for (const std::size_t size : {1UL, 7UL, 8UL, 300UL, 1023UL, 1024UL, 1025UL, 4097UL}) {
    const Bytes bytes = pattern(size);
    detail::copy_to_shared(shared.data(), bytes.data(), size);
    EXPECT_EQ(crc32c_of_shared(shared.data(), size), by_definition(bytes)) << size;
  }
}

}  // namespace
}  // namespace evo::test
