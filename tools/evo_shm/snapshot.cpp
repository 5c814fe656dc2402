/// `evo-shm snapshot save FILE [SEGMENT...]`, `snapshot load FILE [SEGMENT...]`
#include "repair/snapshot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>

#include "command.hpp"
#include "look/words.hpp"

namespace evo::tools {

namespace {

struct SnapshotOptions {
  std::string file;
  std::vector<std::string> segments;
};

void declare(CLI::App& command, SnapshotOptions& options) {
  command.add_option("file", options.file, "The file of the snapshot")->required();
  command.add_option("segments", options.segments, "Only these; otherwise all");
}

void print(std::string_view deed, const std::vector<SavedSegment>& segments,
           const Context& context) {
  if (context.json()) {
    auto document = nlohmann::ordered_json::array();
    for (const SavedSegment& segment : segments) {
      document.push_back(
          {{"segment", segment.blueprint.name},
           {"values", segment.values.size()},
           {"sequence", segment.values.empty() ? 0 : segment.values.back().sequence}});
    }
    print_json(document);
    return;
  }
  for (const SavedSegment& segment : segments) {
    print_text(fmt::format("{} {}: {}\n", deed, segment.blueprint.name,
                           segment.values.empty() ? "never written"
                           : segment.values.size() == 1
                               ? "1 value"
                               : fmt::format("{} values", segment.values.size())));
  }
}

ExitCode save(const SnapshotOptions& options, const Context& context) {
  std::vector<std::string> names = options.segments;
  if (names.empty()) {
    auto listed = list_segment_names(context.domain);
    if (!listed) return fail(listed.error());
    names = std::move(*listed);
  }
  std::vector<SavedSegment> saved;
  for (const std::string& name : names) {
    auto look = SegmentLook::at(context.domain, name);
    if (!look || !look->readable()) {
      const Error error = look ? *look->fault() : look.error();
      // One that was asked for by name must be there; of all, what has gone or is damaged is told.
      if (!options.segments.empty()) return fail(error);
      fail(ExitCode::Fine, fmt::format("left out: {}", error.message));
      continue;
    }
    auto segment = save_segment(*look);
    if (!segment) return fail(segment.error());
    saved.push_back(std::move(*segment));
  }
  if (auto written = replace_file(options.file, to_text(saved)); !written) {
    return fail(written.error());
  }
  print("saved", saved, context);
  return ExitCode::Fine;
}

Result<std::vector<SavedSegment>> read_file(const SnapshotOptions& options) {
  std::ifstream stream(options.file, std::ios::binary);
  if (!stream) return detail::fail_errno(errno, fmt::format("cannot read '{}'", options.file));
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  auto segments = read_snapshot(text);
  if (!segments || options.segments.empty()) return segments;
  std::vector<SavedSegment> chosen;
  for (const std::string& name : options.segments) {
    const auto found = std::ranges::find(*segments, name, [](const SavedSegment& segment) {
      return std::string_view(segment.blueprint.name);
    });
    if (found == segments->end()) {
      return detail::fail(ErrorCode::NotFound, "segment '{}' is not in '{}'", name, options.file);
    }
    chosen.push_back(*found);
  }
  return chosen;
}

ExitCode load(const SnapshotOptions& options, const Context& context) {
  const auto segments = read_file(options);
  if (!segments) return fail(segments.error());
  // Asked for all of them first, so that a live writer among them leaves the others alone too.
  for (const SavedSegment& segment : *segments) {
    const auto info = inspect_segment(context.domain, segment.blueprint.name);
    if (info && info->writer_state == WriterState::Alive) {
      return fail(ExitCode::Busy,
                  fmt::format("segment '{}' has a live writer, {}; stop it first; nothing was "
                              "loaded",
                              segment.blueprint.name, writer_of(*info)));
    }
  }
  for (const SavedSegment& segment : *segments) {
    if (auto loaded = load_segment(segment, context.domain); !loaded) return fail(loaded.error());
  }
  print("loaded", *segments, context);
  return ExitCode::Fine;
}

}  // namespace

void add_snapshot(Commands& commands) {
  CLI::App& group = commands.add_group("snapshot", "Segments of the domain to a file, and back");
  group.footer(
      "Kept are each segment's properties, its schema, and the last value of a state or what is\n"
      "still in the ring of a stream; not the numbers of the publishes, nor their times, which\n"
      "begin anew. A loaded segment is left as that of a dead writer: its module takes it over\n"
      "with that value when it starts.");
  commands.add_to<SnapshotOptions>(group, "save", "Write segments to a file", declare, save);
  commands.add_to<SnapshotOptions>(group, "load", "Make segments anew from a file", declare, load);
}

}  // namespace evo::tools
