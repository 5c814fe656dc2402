// SPDX-License-Identifier: Apache-2.0
/// What a `.meta` file says. No program of ours reads one: its bytes cannot harm us, but those that
/// we write must be JSON for others. The first line of an input is the name of the segment, the
/// second its owner, the rest a path of a program, which may contain any byte.
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "attachment/writer_attachment.hpp"
#include "evo/raw_state_writer.hpp"
#include "evo/segment_paths.hpp"
#include "fuzzer.hpp"
#include "segments.hpp"
#include "temporary_domain.hpp"

using evo::fuzz::expect;

namespace {

std::string take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  std::string line(text.substr(0, end));
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

/// Without the characters that the runtime replaces: U+FFFD itself and the noncharacters, which end
/// in FFFE or FFFF or are in U+FDD0 to U+FDEF.
std::string without_replaced(const std::string& text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto first = static_cast<unsigned char>(text[at]);
    const std::size_t size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    const std::string character = text.substr(at, size);
    const std::string tail = character.substr(character.size() - std::min<std::size_t>(size, 2));
    const bool is_last =
        size >= 3 && (tail == "\xbf\xbe" || tail == "\xbf\xbf") &&
        (size == 3 ? first == 0xef : (static_cast<unsigned char>(character[1]) & 0x0fU) == 0x0f);
    const bool is_inner = size == 3 && character >= "\xef\xb7\x90" && character <= "\xef\xb7\xaf";
    if (character != "\xef\xbf\xbd" && !is_last && !is_inner) out += character;
    at += size;
  }
  return out;
}

/// Every character of the text, and nothing else but U+FFFD, is in the string that others read.
void check_text(const std::string& text) {
  const auto read = nlohmann::json::parse(evo::detail::json_string(text), nullptr, false);
  expect(read.is_string(), "text of any bytes becomes a JSON string");
  const std::string valid =
      nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::ignore);
  expect(without_replaced(read.get<std::string>()) ==
             without_replaced(nlohmann::json::parse(valid).get<std::string>()),
         "the JSON string has the characters of the text");
}

void check_file(const evo::Domain& domain, const std::string& name, const std::string& owner) {
  auto channel = evo::test::raw_channel(name, 8);
  channel.owner = owner;
  const auto writer = evo::RawStateWriter::create(channel, {.domain = domain});
  if (!writer) return;
  std::ifstream file(evo::meta_path(domain, name));
  const auto meta = nlohmann::json::parse(file, nullptr, false);
  expect(meta.is_object(), "a .meta file is JSON");
  expect(meta.at("name") == name && meta.at("module") == owner, "a .meta file has the names");
  expect(meta.at("writer").at("executable").is_string(), "a .meta file names the program");
  expect(meta.at("incarnation") == writer->incarnation(), "a .meta file has the incarnation");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const evo::test::TemporaryDomain directory;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const std::string name = take_line(rest);
  const std::string owner = take_line(rest);
  for (const std::string& text : {name, owner, std::string(rest)}) check_text(text);
  check_file(directory.domain(), name, owner);
  expect(directory.files().empty(), "a closed segment leaves no file behind");
  return 0;
}
