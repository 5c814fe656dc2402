#include "decode/schema_file.hpp"

#include <flatbuffers/idl.h>
#include <flatbuffers/reflection_generated.h>
#include <flatbuffers/util.h>

#include <algorithm>

namespace evo::tools {

namespace {

flatbuffers::IDLOptions as_the_generator_does() {
  flatbuffers::IDLOptions options;
  options.binary_schema_comments = true;
  options.binary_schema_builtins = true;
  return options;
}

Result<void> parse(flatbuffers::Parser& parser, const std::filesystem::path& file,
                   const std::vector<std::string>& includes) {
  std::string text;
  if (!std::filesystem::is_regular_file(file) ||
      !flatbuffers::LoadFile(file.c_str(), false, &text)) {
    return detail::fail(ErrorCode::NotFound, "cannot read the schema file '{}'", file.string());
  }
  const std::filesystem::path directory = std::filesystem::absolute(file).parent_path();
  std::vector<std::string> searched{directory.string(), directory.parent_path().string()};
  searched.insert(searched.end(), includes.begin(), includes.end());
  std::vector<const char*> paths;
  for (const std::string& path : searched) paths.push_back(path.c_str());
  paths.push_back(nullptr);
  if (!parser.Parse(text.c_str(), paths.data(), file.c_str())) {
    return detail::fail(ErrorCode::InvalidSchema, "{}", parser.error_);
  }
  return {};
}

/// Of the file alone: the parser remembers in which file each struct stands.
std::vector<std::string> segments_in(const flatbuffers::Parser& parser,
                                     const std::filesystem::path& file) {
  std::vector<std::string> names;
  for (const flatbuffers::StructDef* each : parser.structs_.vec) {
    if (each->file != file.string()) continue;
    if (const auto* name = each->attributes.Lookup("segment")) names.push_back(name->constant);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

Result<CompiledSchema> compile_schema_file(const std::filesystem::path& file,
                                           const std::vector<std::string>& includes) {
  flatbuffers::Parser parser(as_the_generator_does());
  if (const auto parsed = parse(parser, file, includes); !parsed) {
    return tl::unexpected(parsed.error());
  }
  parser.Serialize();
  const std::uint8_t* start = parser.builder_.GetBufferPointer();
  return CompiledSchema{.bfbs = {start, start + parser.builder_.GetSize()},
                        .segments = segments_in(parser, file)};
}

Result<std::vector<std::uint8_t>> compile_schema(const std::filesystem::path& file,
                                                 const std::vector<std::string>& includes) {
  return compile_schema_file(file, includes).map([](CompiledSchema&& compiled) {
    return std::move(compiled.bfbs);
  });
}

std::vector<std::string> segments_of(const std::vector<std::uint8_t>& bfbs) {
  std::vector<std::string> names;
  for (const reflection::Object* object : *reflection::GetSchema(bfbs.data())->objects()) {
    if (object->attributes() == nullptr) continue;
    for (const reflection::KeyValue* entry : *object->attributes()) {
      if (entry->key()->string_view() == "segment" && entry->value() != nullptr) {
        names.push_back(entry->value()->str());
      }
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace evo::tools
