/// Schema files, compiled as the generator has flatc compile them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "evo/error.hpp"

namespace evo::tools {

/// The binary schema of a schema file. Includes are looked up next to the file, in the directory
/// above it, and in `includes`; evo.fbs, if it is in none of them, is this program's own.
/// NotFound: no such file; InvalidSchema: what FlatBuffers' own parser says is wrong with it, with
/// file and line.
Result<std::vector<std::uint8_t>> compile_schema(const std::filesystem::path& file,
                                                 const std::vector<std::string>& includes);

/// A schema file as a source of segments.
struct CompiledSchema {
  std::vector<std::uint8_t> bfbs;
  std::vector<std::string> segments;  ///< that it declares itself, not by its includes; sorted
};

/// As `compile_schema`, and what the file itself declares.
Result<CompiledSchema> compile_schema_file(const std::filesystem::path& file,
                                           const std::vector<std::string>& includes);

/// The names of the segments that a binary schema declares.
std::vector<std::string> segments_of(const std::vector<std::uint8_t>& bfbs);

}  // namespace evo::tools
