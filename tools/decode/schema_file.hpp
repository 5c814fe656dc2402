// SPDX-License-Identifier: Apache-2.0
/// Compiles schema files with the options that the generator passes to flatc.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "evo/error.hpp"

namespace evo::tools {

/// The binary schema of a schema file. Includes are searched for next to the file, in its parent
/// directory, and in `includes`; if evo.fbs is in none of them, this program's own is used.
/// NotFound: no such file. InvalidSchema: the error of FlatBuffers' own parser, with file and line.
Result<std::vector<std::uint8_t>> compile_schema(const std::filesystem::path& file,
                                                 const std::vector<std::string>& includes);

/// A schema file as a source of segments.
struct CompiledSchema {
  std::vector<std::uint8_t> bfbs;
  std::vector<std::string> segments;  ///< declared by the file itself, not by its includes; sorted
};

/// Like `compile_schema`, but also returns the segments that the file itself declares.
Result<CompiledSchema> compile_schema_file(const std::filesystem::path& file,
                                           const std::vector<std::string>& includes);

/// The names of the segments that a binary schema declares.
std::vector<std::string> segments_of(const std::vector<std::uint8_t>& bfbs);

}  // namespace evo::tools
