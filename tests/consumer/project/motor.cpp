// SPDX-License-Identifier: Apache-2.0
// Writes a segment and reads it back.
#include <fmt/core.h>

#include <cstdlib>
#include <evo/format.hpp>
#include <motor.evo.hpp>

int main() {
  auto writer = press::MotorWriter::create();
  if (!writer) {
    fmt::print(stderr, "{}\n", writer.error());
    return EXIT_FAILURE;
  }
  writer->write({.cycle = 7, .phase = press::Phase::Turning, .speed = 2.5F});

  auto reader = press::MotorReader::attach();
  if (!reader) {
    fmt::print(stderr, "{}\n", reader.error());
    return EXIT_FAILURE;
  }
  const auto sample = reader->read();
  const bool same = sample && sample->value.cycle == 7 && reader->speed() == 2.5F;
  fmt::print("{} {}\n", to_string(sample->value.phase), same ? "read back" : "differs");
  return same ? EXIT_SUCCESS : EXIT_FAILURE;
}
