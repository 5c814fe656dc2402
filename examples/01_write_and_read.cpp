// SPDX-License-Identifier: Apache-2.0
/// A minimal example of a segment: one writer, one reader, here in one process.
///
/// Try it: EVO_DOMAIN=user ./01_write_and_read
#include <fmt/format.h>

#include <evo/format.hpp>
#include "control_state.evo.hpp"

int main() {
  using namespace cell::control;

  auto writer = ControlStateWriter::create();  // or takes over what a killed writer left behind
  if (!writer) {
    fmt::print(stderr, "{}\n", writer.error());
    return 1;
  }
  auto reader = ControlStateReader::attach();
  if (!reader) {
    fmt::print(stderr, "{}\n", reader.error());
    return 1;
  }

  writer->write({.cycle = 1, .setpoint = 30, .mode = Mode::Running});
  writer->update([](ControlState& state) { state.measured = 29.5F; });  // starts from the last
                                                                        // value

  const auto sample = reader->read();
  if (!sample) {
    fmt::print(stderr, "nothing to read: {}\n", sample.error());
    return 1;
  }
  fmt::print("publish {}, {} ns old: mode {}, setpoint {} %, measured {} %\n", sample->sequence,
             sample->age().count(), to_string(sample->value.mode), sample->value.setpoint,
             sample->value.measured);
  return 0;
}
