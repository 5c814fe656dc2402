/// A binary schema as FlatBuffers IDL again.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "evo/error.hpp"

namespace evo::tools {

/// The segment's struct with everything that it refers to, comments and attributes included, as a
/// schema that flatc and the generator accept and that has the same schema id. Errors as
/// `read_schema`, and InvalidSchema for flags of several bits, which that language cannot express.
Result<std::string> write_idl(std::span<const std::uint8_t> bfbs, std::string_view segment);

}  // namespace evo::tools
