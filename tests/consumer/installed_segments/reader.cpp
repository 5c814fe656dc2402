/// Attaches to a segment that nobody writes: a clear error is all there is.
#include <motor.evo.hpp>

int main() {
  const auto reader = press::MotorReader::attach();
  return !reader && reader.error().code == evo::ErrorCode::NotFound ? 0 : 1;
}
