// SPDX-License-Identifier: Apache-2.0
/// A binary schema (.bfbs), as a segment carries it. A schema that is accepted can be decoded,
/// printed and written as source again.
#include <cstdint>
#include <span>
#include <vector>

#include "decode/fields.hpp"
#include "decode/idl.hpp"
#include "evo/checked_schema.hpp"
#include "evo/schema_layout.hpp"
#include "fuzzer.hpp"

using evo::fuzz::expect;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::uint8_t> bfbs(data, size);
  const auto checked = evo::CheckedSchema::of(bfbs, "probe");
  auto layout = evo::read_schema(bfbs, "probe");
  expect(checked.has_value() || !layout.has_value(), "no layout without a checked schema");
  if (!layout) return 0;
  const std::vector<std::byte> payload(layout->size);
  const auto fields = evo::tools::Fields::of(std::move(*layout));
  expect(fields.has_value(), "a checked schema has fields");
  for (const evo::tools::Field& field : fields->all()) {
    static_cast<void>(fields->text(field, payload));
    static_cast<void>(fields->json(field, payload).dump());
    static_cast<void>(fields->complaint(field, payload));
  }
  expect(evo::tools::write_idl(bfbs, "probe").has_value(), "a checked schema can be written");
  return 0;
}
