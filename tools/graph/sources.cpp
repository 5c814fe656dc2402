// SPDX-License-Identifier: Apache-2.0
#include "graph/sources.hpp"

#include <algorithm>
#include <filesystem>
#include <set>

#include "decode/schema_file.hpp"
#include "evo/passive_reader.hpp"
#include "text/duration.hpp"

namespace evo::tools {

namespace {

constexpr std::size_t kProcessNameLength = 15;

/// The words between commas, without spaces.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words(1);
  for (const char c : text) {
    if (c == ',') {
      words.emplace_back();
    } else if (c != ' ') {
      words.back() += c;
    }
  }
  std::erase(words, std::string());
  return words;
}

Declaration declaration_in(const SchemaLayout& layout, std::string segment, std::string file) {
  const std::string_view kind = layout.attribute("kind");
  return {.segment = std::move(segment),
          .file = std::move(file),
          .owner = std::string(layout.attribute("owner")),
          .readers = words_of(layout.attribute("readers")),
          .kind = kind.empty() ? "state" : std::string(kind),
          .period = parse_duration(layout.attribute("period")).value_or(std::chrono::seconds(0))};
}

/// The segment's own declaration; nothing if it carries no usable schema.
std::optional<Declaration> embedded_declaration(const Domain& domain, const std::string& name) {
  const auto reader = PassiveReader::open(domain, name);
  if (!reader || reader->bfbs().empty()) return std::nullopt;
  const auto layout = read_schema(reader->bfbs(), name);
  if (!layout) return std::nullopt;
  return declaration_in(*layout, name, "");
}

}  // namespace

const Declaration* Sources::declaration_of(std::string_view segment) const {
  const auto found = std::ranges::find(declarations, segment, &Declaration::segment);
  if (found != declarations.end()) return &*found;
  const LiveSegment* live_segment = find_live(segment);
  return live_segment != nullptr && live_segment->declared ? &*live_segment->declared : nullptr;
}

const LiveSegment* Sources::find_live(std::string_view segment) const {
  if (!live) return nullptr;
  const auto found = std::ranges::find_if(
      *live, [&](const LiveSegment& each) { return each.info.name == segment; });
  return found == live->end() ? nullptr : &*found;
}

std::vector<std::string> Sources::segment_names() const {
  std::set<std::string> names;
  for (const Declaration& each : declarations) names.insert(each.segment);
  for (const LiveSegment& each : live.value_or(std::vector<LiveSegment>())) {
    names.insert(each.info.name);
  }
  return {names.begin(), names.end()};
}

Result<std::vector<Declaration>> declarations_of(const std::vector<std::string>& files,
                                                 const std::vector<std::string>& includes) {
  std::vector<Declaration> declarations;
  std::set<std::filesystem::path> seen;
  for (const std::string& file : files) {
    std::error_code unknown;
    if (!seen.insert(std::filesystem::weakly_canonical(file, unknown)).second) continue;
    const auto compiled = compile_schema_file(file, includes);
    if (!compiled) return tl::unexpected(compiled.error());
    for (const std::string& segment : compiled->segments) {
      const auto layout = read_schema(compiled->bfbs, segment);
      if (!layout) return tl::unexpected(layout.error());
      declarations.push_back(declaration_in(*layout, segment, file));
    }
  }
  return declarations;
}

Result<std::vector<LiveSegment>> live_segments_of(const Domain& domain) {
  auto segments = list_segments(domain);
  if (!segments) return tl::unexpected(segments.error());
  std::vector<LiveSegment> live;
  for (SegmentInfo& info : *segments) {
    auto declared = embedded_declaration(domain, info.name);
    live.push_back({std::move(info), std::move(declared)});
  }
  return live;
}

bool is_of_module(std::string_view process_name, std::string_view module) {
  return process_name == module.substr(0, kProcessNameLength);
}

}  // namespace evo::tools
