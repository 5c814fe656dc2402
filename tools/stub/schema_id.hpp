// SPDX-License-Identifier: Apache-2.0
/// The schema id of a compiled schema, as the generator computes it: see codegen/README.md, "The
/// canonical text".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "evo/channel.hpp"
#include "evo/schema_layout.hpp"

namespace evo::tools {

/// The canonical text of a layout. `bfbs` is the schema that it was read from.
[[nodiscard]] std::string canonical_text(const SchemaLayout& layout,
                                         const std::vector<std::uint8_t>& bfbs);

/// The id that readers compare: the BLAKE2b-256 hash of that text.
[[nodiscard]] SchemaId schema_id_of(const SchemaLayout& layout,
                                    const std::vector<std::uint8_t>& bfbs);

}  // namespace evo::tools
