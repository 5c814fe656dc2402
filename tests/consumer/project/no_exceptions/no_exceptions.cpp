// SPDX-License-Identifier: Apache-2.0
// Calls the whole data path in a program that has neither exceptions nor RTTI.
#include <fmt/core.h>

#include <cstdlib>
#include <evo/format.hpp>
#include <motor.evo.hpp>
#include <stroke.evo.hpp>
#include <utility>

#if defined(__cpp_exceptions) || defined(__cpp_rtti)
#error "this program is to be compiled with -fno-exceptions -fno-rtti"
#endif

namespace {

int failures = 0;

void check(bool good, const char* what) {
  if (good) return;
  fmt::print(stderr, "failed: {}\n", what);
  ++failures;
}

/// Returns the endpoint, or ends the program with the reason.
template <class End>
End take(evo::Result<End> end) {
  if (end) return std::move(*end);
  fmt::print(stderr, "{}\n", end.error());
  std::exit(EXIT_FAILURE);
}

void state() {
  auto writer = take(press::MotorWriter::create());
  auto reader = take(press::MotorReader::attach());
  check(bool(writer.write({.cycle = 1, .speed = 2.5F})), "write");
  const auto sample = reader.read();
  check(sample && sample->value.cycle == 1, "read");
  check(reader.speed() == 2.5F, "read of a field");
  check(reader.has("speed"), "has");
  check(bool(writer.update([](press::Motor& motor) { ++motor.cycle; })), "update");
  check(reader.wait_for_change(std::chrono::milliseconds(1)), "wait_for_change");
  auto next = writer.loan();
  next->cycle = 3;
  check(bool(next.publish()), "publish of a loan");
  press::Motor motor{};
  check(reader.read_into(motor) && motor.cycle == 3, "read_into");
}

/// `Writer` and `Reader` of a stream whose values have one field, `member`.
template <class Writer, class Reader, class Value>
void stream(std::uint32_t Value::*member) {
  auto writer = take(Writer::create());
  auto reader = take(Reader::attach());
  Value value{};
  for (std::uint32_t n = 1; n <= 3; ++n) {
    value.*member = n;
    check(bool(writer.push(value)), "push");
  }
  check(bool(writer.with_write([&](Value& next) { next.*member = 4; })), "with_write");
  auto next = writer.loan();
  check(bool(next), "loan");
  (**next).*member = 5;
  check(bool(next->publish()), "publish of a loan");

  reader.seek_oldest();
  const auto first = reader.next();
  check(first && first->value.*member == 1, "next");
  {
    const auto view = reader.view();
    check(view && (**view).*member == 2, "view");
  }
  std::uint32_t used = 0;
  check(reader.with_next([&](const Value& third) { used = third.*member; }), "with_next");
  check(used == 3, "value of with_next");
  std::array<Value, 4> rest{};
  check(reader.next_batch(rest) == 2 && rest[1].*member == 5, "next_batch");
  check(!reader.wait_for_next(std::chrono::milliseconds(1)), "wait_for_next");
}

}  // namespace

#ifdef EVO_MISTAKE_FIELD_NAME
bool mistake(const press::MotorReader& reader) {
  return reader.has("sped");
}
#endif
#ifdef EVO_MISTAKE_SCHEMA_ID
constexpr auto mistake = evo::SchemaId::from_hex("12");
#endif

int main() {
  state();
  stream<press::StrokeWriter, press::StrokeReader>(&press::Stroke::number);
  stream<press::MessageWriter, press::MessageReader>(&press::Message::code);
  if (failures == 0) fmt::print("neither exceptions nor RTTI needed\n");
  return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
