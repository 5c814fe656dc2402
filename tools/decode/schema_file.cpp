// SPDX-License-Identifier: Apache-2.0
#include "decode/schema_file.hpp"

#include <flatbuffers/idl.h>
#include <flatbuffers/reflection_generated.h>
#include <flatbuffers/util.h>

#include <algorithm>

#include "decode/own_attributes.hpp"
#include "evo/format.hpp"
#include "text/whole_file.hpp"

namespace evo::tools {

namespace {

flatbuffers::IDLOptions as_the_generator_does() {
  flatbuffers::IDLOptions options;
  options.binary_schema_comments = true;
  options.binary_schema_builtins = true;
  return options;
}

/// A directory that does not exist in any file system; its evo.fbs is found after all real ones.
constexpr const char* kOwnDirectory = "<evo-shm>";
constexpr std::string_view kOwnFile = "<evo-shm>/evo.fbs";

/// While an instance exists, the parser also finds this program's evo.fbs. One at a time.
class OwnAttributes {
 public:
  OwnAttributes() {
    exists_before_ = flatbuffers::SetFileExistsFunction(exists);
    load_before_ = flatbuffers::SetLoadFileFunction(load);
  }
  OwnAttributes(const OwnAttributes&) = delete;
  OwnAttributes& operator=(const OwnAttributes&) = delete;
  ~OwnAttributes() {
    flatbuffers::SetFileExistsFunction(exists_before_);
    flatbuffers::SetLoadFileFunction(load_before_);
  }

 private:
  static bool exists(const char* file) { return file == kOwnFile || exists_before_(file); }
  static bool load(const char* file, bool binary, std::string* text) {
    if (file != kOwnFile) return load_before_(file, binary, text);
    *text = own_attributes();
    return true;
  }

  static inline flatbuffers::FileExistsFunction exists_before_ = nullptr;
  static inline flatbuffers::LoadFileFunction load_before_ = nullptr;
};

/// Advice on an attribute that an evo.fbs other than this program's does not declare.
std::string advice_on(const flatbuffers::Parser& parser, const std::filesystem::path& file) {
  if (parser.error_.find("attributes must be declared") == std::string::npos) return "";
  for (const std::string& included : parser.GetIncludedFilesRecursive(file.string())) {
    if (std::filesystem::path(included).filename() != "evo.fbs" || included == kOwnFile) continue;
    const auto text = read_whole_file(included);
    if (!text || *text == own_attributes()) continue;
    return fmt::format("; '{}' is not the evo.fbs of this evo-shm; remove it: evo-shm has its own",
                       included);
  }
  return "";
}

/// No schema is nearly this long; reading another kind of file would only cost time and memory.
constexpr std::uintmax_t kLongestSchema = 16 << 20;

Result<std::string> text_of(const std::filesystem::path& file) {
  std::error_code failed;
  const auto status = std::filesystem::status(file, failed);
  if (!std::filesystem::exists(status)) {
    const bool forbidden = failed == std::errc::permission_denied;
    return make_error(forbidden ? ErrorCode::PermissionDenied : ErrorCode::NotFound,
                      "cannot read the schema file '{}': {}; name one that exists", file.string(),
                      failed ? failed.message() : "no such file");
  }
  if (std::filesystem::is_directory(status)) {
    return make_error(ErrorCode::NotFound, "'{}' is a directory; name the schema files in it",
                      file.string());
  }
  if (!std::filesystem::is_regular_file(status)) {
    return make_error(ErrorCode::NotFound, "'{}' is not a regular file; name a schema file",
                      file.string());
  }
  if (const auto size = std::filesystem::file_size(file, failed);
      !failed && size > kLongestSchema) {
    return make_error(ErrorCode::InvalidSchema,
                      "'{}' is larger than {} MiB, too large for a schema; name a schema file",
                      file.string(), kLongestSchema >> 20U);
  }
  return read_whole_file(file);
}

Result<void> parse(flatbuffers::Parser& parser, const std::filesystem::path& file,
                   const std::vector<std::string>& includes) {
  auto text = text_of(file);
  if (!text) return tl::unexpected(text.error());
  std::error_code failed;
  const std::filesystem::path directory = std::filesystem::absolute(file, failed).parent_path();
  std::vector<std::string> searched{directory.string(), directory.parent_path().string()};
  searched.insert(searched.end(), includes.begin(), includes.end());
  std::vector<const char*> paths;
  for (const std::string& path : searched) paths.push_back(path.c_str());
  paths.push_back(kOwnDirectory);
  paths.push_back(nullptr);
  const OwnAttributes own;
  if (!parser.Parse(text->c_str(), paths.data(), file.c_str())) {
    return make_error(ErrorCode::InvalidSchema, "{}{}", parser.error_, advice_on(parser, file));
  }
  return {};
}

/// Segments of this file alone: the parser records the file of each struct.
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
