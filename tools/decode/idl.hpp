// SPDX-License-Identifier: Apache-2.0
/// Converts a binary schema back to FlatBuffers IDL.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "evo/error.hpp"

namespace evo::tools {

/// The segment's struct with everything that it refers to, including comments and attributes, as a
/// schema that flatc and the generator accept and that has the same schema id. Errors as for
/// `read_schema`; also InvalidSchema for flags with several bits, which the IDL cannot express.
Result<std::string> write_idl(std::span<const std::uint8_t> bfbs, std::string_view segment);

}  // namespace evo::tools
