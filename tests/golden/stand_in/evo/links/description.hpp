// SPDX-License-Identifier: Apache-2.0
// Stands in for the header of the library for links as long as that does not exist.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

namespace evo {

enum class Streaming : std::uint8_t { None, Server, Client, Bidi };

struct MethodInfo {
  std::string_view name;
  std::uint16_t number = 0;
  std::string_view request;
  std::string_view reply;
  std::chrono::nanoseconds deadline{0};
  bool idempotent = false;
  Streaming streaming = Streaming::None;
};

}  // namespace evo
