// SPDX-License-Identifier: Apache-2.0
/// segment_holder DOMAIN NAME: holds a segment of 8 bytes until its input ends.
///
/// Prints "ready" once the segment exists and holds the value 1, or else the error.
#include <unistd.h>

#include <cstdint>
#include <cstdio>

#include "evo/format.hpp"
#include "evo/raw_state_writer.hpp"

int main(int count, char** arguments) {
  if (count != 3) return 2;
  auto writer = evo::RawStateWriter::create(arguments[2], sizeof(std::uint64_t),
                                            {.domain = evo::Domain(arguments[1])});
  if (!writer) {
    fmt::print("{}\n", writer.error());
    return 1;
  }
  const std::uint64_t value = 1;
  writer->write(std::as_bytes(std::span(&value, 1)));
  fmt::print("ready\n");
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  return 0;
}
