// SPDX-License-Identifier: Apache-2.0
/// The `.meta` file: information about a segment for people without tools.
#include <fmt/format.h>
#include <unistd.h>

#include "attachment/data_file.hpp"
#include "attachment/writer_attachment.hpp"
#include "evo/text.hpp"

namespace evo::detail {

std::string json_string(std::string_view text) {
  return '"' + json_escaped(text) + '"';
}

namespace {

std::string_view count_name(Kind kind) {
  if (kind == Kind::Link) return "connections";
  return kind == Kind::State ? "slots" : "capacity";
}

}  // namespace

std::string meta_text(const WriterAttachment& writer, const ChannelDescription& channel) {
  const SegmentLayout& layout = writer.layout();
  const auto file = data_file_path(writer.domain(), channel.name, writer.control(),
                                   // relaxed: stored by this thread.
                                   writer.control()->current.load(std::memory_order_relaxed) & 1U);
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
      json_string(channel.name), json_string(channel.owner), to_string(layout.kind),
      layout.version.major, layout.version.minor, layout.schema_id.hex(),
      json_string(file ? std::filesystem::path(*file).filename().string() : ""), layout.file_size,
      layout.geometry.payload_size, count_name(layout.kind), channel.slots, layout.period_ns,
      layout.max_age_ns, layout.max_readers, boot_id().text(), layout.created_realtime_ns,
      writer.incarnation(), ::getpid(), ::geteuid(), json_string(executable_path()),
      // relaxed: stored by this thread.
      writer.control()->writer_started_ns.load(std::memory_order_relaxed));
}

}  // namespace evo::detail
