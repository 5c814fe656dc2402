// SPDX-License-Identifier: Apache-2.0
/// Field paths and assignments, `PATH=VALUE`, as people type them. A value that was set can be
/// printed and set again, to the same bytes.
#include <cstdint>
#include <string_view>
#include <vector>

#include "decode/fields.hpp"
#include "evo/schema_layout.hpp"
#include "fuzzer.hpp"
#include "schema_builder.hpp"

using evo::fuzz::expect;
using evo::tools::Fields;

namespace {

constexpr std::size_t kSize = 32;

const Fields& all_kinds() {
  static const Fields fields = [] {
    const auto bfbs = evo::test::build_schema(
        {{.name = "ns.Probe",
          .size = kSize,
          .alignment = 8,
          .fields = {{.name = "count", .offset = 0, .type = reflection::ULong},
                     {.name = "offset", .offset = 8, .type = reflection::Long},
                     {.name = "ratio", .offset = 16, .type = reflection::Double},
                     {.name = "level", .offset = 24, .type = reflection::Float},
                     {.name = "small", .offset = 28, .type = reflection::Byte},
                     {.name = "on", .offset = 29, .type = reflection::Bool},
                     {.name = "short", .offset = 30, .type = reflection::Short}},
          .segment = "probe"}});
    auto layout = evo::read_schema(bfbs, "probe");
    expect(layout.has_value(), "the schema of this fuzzer is right");
    return *Fields::of(std::move(*layout));
  }();
  return fields;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto equals = text.find('=');
  const auto found = all_kinds().find(text.substr(0, equals));
  if (!found || equals == std::string_view::npos) return 0;
  for (const evo::tools::Field& field : *found) {
    std::vector<std::byte> payload(kSize);
    if (!all_kinds().set(field, text.substr(equals + 1), payload)) continue;
    std::vector<std::byte> again(kSize);
    const std::string printed = all_kinds().text(field, payload);
    expect(all_kinds().set(field, printed, again).has_value(), "what is printed can be set");
    expect(again == payload, "what is printed is the value");
  }
  return 0;
}
