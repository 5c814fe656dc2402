// SPDX-License-Identifier: Apache-2.0
/// Bytes as text in base64, and back.
#include "text/base64.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace evo::test {
namespace {

TEST(Base64, GoesBothWaysAndTakesNothingElse) {
  using tools::base64;
  using tools::from_base64;
  std::vector<std::uint8_t> bytes;
  for (const char* text : {"", "AA==", "AAE=", "AAEC", "AAECAw=="}) {
    EXPECT_EQ(base64(bytes), text);
    EXPECT_EQ(from_base64(text), bytes);
    bytes.push_back(static_cast<std::uint8_t>(bytes.size()));
  }
  for (const char* text : {"A", "A===", "AB==", "AA=A", "AA==AAAA", "A A=", "****"}) {
    EXPECT_FALSE(from_base64(text)) << text;
  }
}

}  // namespace
}  // namespace evo::test
