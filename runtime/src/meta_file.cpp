/// The `.meta` file: what a person wants to know about a segment without tools.
#include <unistd.h>

#include <algorithm>
#include <array>

#include "data_file.hpp"
#include "writer_attachment.hpp"

namespace evo::detail {

namespace {

/// Bytes of the UTF-8 character at the start of a text; 0 if there is none.
std::size_t character_size(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const std::size_t size = first < 0x80              ? 1
                           : (first & 0xe0U) == 0xc0 ? 2
                           : (first & 0xf0U) == 0xe0 ? 3
                           : (first & 0xf8U) == 0xf0 ? 4
                                                     : 0;
  if (size > text.size()) return 0;
  std::uint32_t code = size < 2 ? first : first & (0x7fU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xc0U) != 0x80) return 0;
    code = (code << 6U) | (next & 0x3fU);
  }
  constexpr std::array<std::uint32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xd800 && code < 0xe000;
  return code < kSmallest[size] || surrogate || code > 0x10ffff ? 0 : size;
}

}  // namespace

std::string json_string(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const std::size_t size = character_size(text);
    const char c = text[0];
    if (size == 0) {
      out += "\\ufffd";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (size == 1 && c < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += text.substr(0, size);
    }
    text.remove_prefix(std::max<std::size_t>(1, size));
  }
  return out + '"';
}

std::string meta_text(const WriterAttachment& writer, const ChannelDescription& channel) {
  const SegmentLayout& layout = writer.layout;
  const auto file = data_file_path(writer.domain, channel.name, writer.control,
                                   // relaxed: stored by this thread.
                                   writer.control->current.load(std::memory_order_relaxed) & 1U);
  return fmt::format(
      R"({{
  "name": {},
  "module": {},
  "kind": "{}",
  "version": "{}.{}",
  "schema_id": "{}",
  "data_file": {},
  "file_size": {},
  "payload_size": {},
  "{}": {},
  "period_ns": {},
  "max_age_ns": {},
  "max_readers": {},
  "boot_id": "{}",
  "created_realtime_ns": {},
  "incarnation": {},
  "writer": {{
    "pid": {},
    "uid": {},
    "executable": {},
    "started_realtime_ns": {}
  }}
}}
)",
      json_string(channel.name), json_string(channel.owner),
      layout.kind == Kind::State ? "state" : "stream", layout.version.major, layout.version.minor,
      layout.schema_id.hex(),
      json_string(file ? std::filesystem::path(*file).filename().string() : ""), layout.file_size,
      layout.geometry.payload_size, layout.kind == Kind::State ? "slots" : "capacity",
      channel.slots, layout.period_ns, layout.max_age_ns, layout.max_readers, boot_id().text(),
      layout.created_realtime_ns, writer.incarnation, ::getpid(), ::geteuid(),
      json_string(executable_path()),
      // relaxed: stored by this thread.
      writer.control->writer_started_ns.load(std::memory_order_relaxed));
}

}  // namespace evo::detail
