// SPDX-License-Identifier: Apache-2.0
/// `evo-shm snapshot save FILE [SEGMENT...]`, `snapshot load FILE [SEGMENT...]`
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "command.hpp"
#include "evo/format.hpp"
#include "repair/replacement.hpp"
#include "repair/snapshot_file.hpp"
#include "repair/snapshot_writer.hpp"

namespace evo::tools {

namespace {

struct SnapshotOptions {
  std::string file;
  std::vector<std::string> segments;
  bool force = false;
};

void declare(CLI::App& command, SnapshotOptions& options) {
  command
      .add_option("file", options.file,
                  "The file of the snapshot; - is standard output or standard input")
      ->required();
  command.add_option("segments", options.segments, "Only these; otherwise all");
}

void declare_load(CLI::App& command, SnapshotOptions& options) {
  declare(command, options);
  command.add_flag("--force", options.force,
                   "Also replace a dead writer's segment of another kind or layout");
}

/// A segment that was skipped.
struct LeftOut {
  std::string segment;
  Error reason;
};

void print(std::string_view action, std::span<const SavedSegment> segments,
           std::span<const LeftOut> left_out, const Context& context) {
  if (context.json()) {
    auto document = nlohmann::ordered_json::array();
    for (const SavedSegment& segment : segments) {
      document.push_back(
          {{"segment", segment.name}, {"values", segment.values}, {"sequence", segment.sequence}});
    }
    for (const LeftOut& each : left_out) {
      document.push_back({{"segment", each.segment}, {"left_out", each.reason.message}});
    }
    print_json(document);
    return;
  }
  for (const SavedSegment& segment : segments) {
    print_text(fmt::format("{} {}: {}\n", action, segment.name,
                           segment.values == 0   ? "never written"
                           : segment.values == 1 ? "1 value"
                                                 : fmt::format("{} values", segment.values)));
  }
}

/// The names on the command line, without duplicates.
std::vector<std::string> names_once(const SnapshotOptions& options) {
  std::vector<std::string> names;
  std::set<std::string_view> seen;
  for (const std::string& name : options.segments) {
    if (seen.insert(name).second) names.push_back(name);
  }
  return names;
}

/// The named segments, which must exist, or all.
Result<std::vector<std::string>> names_to_save(const SnapshotOptions& options,
                                               const Context& context) {
  if (!options.segments.empty()) {
    auto names = names_once(options);
    // Checked before anything is written, because output on stdout cannot be taken back.
    for (const std::string& name : names) {
      if (auto found = find_savable(context.domain, name); !found) {
        return tl::unexpected(found.error());
      }
    }
    return names;
  }
  auto names = list_segment_names(context.domain);
  if (names && names->empty()) {
    return make_error(ErrorCode::NotFound,
                      "domain '{}' has no segments, so nothing was saved; start their writers, or "
                      "check --domain and EVO_DOMAIN",
                      context.domain.path());
  }
  return names;
}

ExitCode fail_for_all(const std::vector<LeftOut>& left_out) {
  const bool forbidden = std::ranges::all_of(left_out, [](const LeftOut& each) {
    return each.reason.code == ErrorCode::PermissionDenied;
  });
  return fail(forbidden ? ExitCode::NotPermitted : ExitCode::Wrong,
              "nothing was saved, because every segment had to be left out; see evo-shm validate");
}

/// Writes one segment, and starts the file with the first one, so that an existing file stays
/// unchanged if there is nothing to save.
Result<SavedSegment> write_segment(std::optional<SnapshotWriter>& writer, SavableSegment& segment,
                                   const SnapshotOptions& options) {
  if (!writer) {
    auto opened = SnapshotWriter::open(options.file);
    if (!opened) return tl::unexpected(opened.error());
    writer.emplace(std::move(*opened));
  }
  return writer->add(segment);
}

ExitCode save(const SnapshotOptions& options, const Context& context) {
  const auto names = names_to_save(options, context);
  if (!names) return fail(names.error());
  std::optional<SnapshotWriter> writer;
  std::vector<SavedSegment> saved;
  std::vector<LeftOut> left_out;
  for (const std::string& name : *names) {
    auto segment = find_savable(context.domain, name);
    if (segment) {
      auto written = write_segment(writer, *segment, options);
      if (!written) return fail(written.error());
      saved.push_back(std::move(*written));
      continue;
    }
    // A segment that was named must exist; when saving all, missing or damaged ones are skipped.
    if (!options.segments.empty()) return fail(segment.error());
    fail(ExitCode::Wrong, fmt::format("left out: {}", segment.error().message));
    left_out.push_back({name, std::move(segment.error())});
  }
  if (writer) {
    if (auto written = writer->finish(); !written) return fail(written.error());
  }
  if (!is_standard_output(options.file)) print("saved", saved, left_out, context);
  if (saved.empty()) return fail_for_all(left_out);
  return left_out.empty() ? ExitCode::Fine : ExitCode::Wrong;
}

/// The named segments of the file, or all.
Result<std::vector<SnapshotEntry>> entries_to_load(const SnapshotFile& file,
                                                   const SnapshotOptions& options) {
  if (options.segments.empty()) return file.entries();
  std::vector<SnapshotEntry> chosen;
  for (const std::string& name : names_once(options)) {
    const auto found = std::ranges::find(file.entries(), name, &SnapshotEntry::name);
    if (found == file.entries().end()) {
      return make_error(ErrorCode::NotFound, "segment '{}' is not in '{}'", name, options.file);
    }
    chosen.push_back(*found);
  }
  return chosen;
}

/// Checks all of them first, so that if one cannot be replaced, none is changed.
Result<void> check_all(SnapshotFile& file, std::span<const SnapshotEntry> entries, bool force,
                       const Context& context) {
  for (const SnapshotEntry& entry : entries) {
    const auto description = file.description(entry);
    if (!description) return tl::unexpected(description.error());
    if (auto possible = check_replacement(*description, context.domain, force); !possible) {
      possible.error().message += "; nothing was loaded";
      return possible;
    }
  }
  return {};
}

/// Reports which segments were loaded before the error, and which were not.
ExitCode fail_halfway(const Error& error, std::span<const SnapshotEntry> entries,
                      std::span<const SavedSegment> loaded, const Context& context) {
  std::vector<std::string_view> names;
  for (const SnapshotEntry& entry : entries) names.emplace_back(entry.name);
  std::vector<LeftOut> left_out;
  for (const std::string_view name : std::span(names).subspan(loaded.size())) {
    left_out.push_back({std::string(name), error});
  }
  print("loaded", loaded, left_out, context);
  const auto list = [](std::span<const std::string_view> some) {
    return some.empty() ? std::string("none") : fmt::format("{}", fmt::join(some, ", "));
  };
  return fail(exit_code_of(error.code), fmt::format("{}; loaded: {}; not loaded: {}", error,
                                                    list(std::span(names).first(loaded.size())),
                                                    list(std::span(names).subspan(loaded.size()))));
}

ExitCode load(const SnapshotOptions& options, const Context& context) {
  auto file = SnapshotFile::open(options.file);
  if (!file) return fail(file.error());
  const auto entries = entries_to_load(*file, options);
  if (!entries) return fail(entries.error());
  if (auto possible = check_all(*file, *entries, options.force, context); !possible) {
    return fail(possible.error());
  }
  std::vector<SavedSegment> loaded;
  for (const SnapshotEntry& entry : *entries) {
    if (auto done = file->load(entry, context.domain); !done) {
      return fail_halfway(done.error(), *entries, loaded, context);
    }
    loaded.push_back({entry.name, entry.end.values, entry.sequence});
  }
  print("loaded", loaded, {}, context);
  return ExitCode::Fine;
}

}  // namespace

void add_snapshot(Commands& commands) {
  CLI::App& group =
      commands.add_group("snapshot", "Save segments of the domain to a file, and load them back");
  group.footer(
      "A snapshot keeps each segment's properties, its schema, and the last value of a state or\n"
      "what is still in the ring of a stream. Sequence numbers and stamps start over. A loaded\n"
      "segment looks like one whose writer died: its module takes it over, with that value, when\n"
      "it starts.");
  commands.add_to<SnapshotOptions>(group, "save", "Write segments to a file", declare, save);
  commands.add_to<SnapshotOptions>(group, "load", "Recreate segments from a file", declare_load,
                                   load);
}

}  // namespace evo::tools
