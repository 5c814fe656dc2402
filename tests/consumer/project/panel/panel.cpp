// SPDX-License-Identifier: Apache-2.0
// Writes its own segment, and includes the reader of another one.
#include <fmt/core.h>

#include <cstdlib>
#include <evo/format.hpp>
#include <motor.evo.hpp>
#include <temperature.evo.hpp>

int main() {
  auto writer = press::TemperatureWriter::create();
  if (!writer) {
    fmt::print(stderr, "{}\n", writer.error());
    return EXIT_FAILURE;
  }
  writer->write({.oil = 60.0F});
  const auto motor = press::MotorReader::attach();
  fmt::print("motor: {}\n", motor ? "attached" : fmt::format("{}", motor.error()));
  return EXIT_SUCCESS;
}
