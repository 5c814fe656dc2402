// SPDX-License-Identifier: Apache-2.0
/// Attaches to a segment without a writer, which fails with a clear error.
#include <motor.evo.hpp>

int main() {
  const auto reader = press::MotorReader::attach();
  return !reader && reader.error().code == evo::ErrorCode::NotFound ? 0 : 1;
}
