// SPDX-License-Identifier: Apache-2.0
/// Without a schema, a segment is plain bytes. For tools, and for data without a fixed layout.
///
/// Try it: EVO_DOMAIN=user ./03_untyped
#include <fmt/format.h>

#include <array>
#include <cstring>
#include <string_view>

#include <evo/format.hpp>
#include "evo/raw_state_reader.hpp"
#include "evo/raw_state_writer.hpp"

int main() {
  constexpr std::string_view text = "any bytes at all";
  auto writer = evo::RawStateWriter::create("notes", text.size());
  auto reader = evo::RawStateReader::attach("notes");
  if (!writer || !reader) {
    fmt::print(stderr, "{}\n", writer ? reader.error() : writer.error());
    return 1;
  }

  if (!writer->write(std::as_bytes(std::span(text)))) return 1;
  if (!writer->write_at(0, std::as_bytes(std::span("ANY", 3)))) return 1;

  std::array<char, text.size()> copy{};
  const auto info = reader->read(std::as_writable_bytes(std::span(copy)));
  if (!info) {
    fmt::print(stderr, "nothing to read: {}\n", info.error());
    return 1;
  }
  fmt::print("publish {}: {}\n", info->sequence, std::string_view(copy.data(), copy.size()));
  return 0;
}
