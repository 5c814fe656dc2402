/// `evo-shm snapshot save FILE [SEGMENT...]`, `snapshot load FILE [SEGMENT...]`
#include "repair/snapshot.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "command.hpp"
#include "repair/replacement.hpp"
#include "text/whole_file.hpp"

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
                   "Also in place of a dead writer's segment of another kind or layout");
}

/// A segment of which nothing was done.
struct LeftOut {
  std::string segment;
  Error reason;
};

void print(std::string_view deed, std::span<const SavedSegment> segments,
           std::span<const LeftOut> left_out, const Context& context) {
  if (context.json()) {
    auto document = nlohmann::ordered_json::array();
    for (const SavedSegment& segment : segments) {
      document.push_back(
          {{"segment", segment.blueprint.name},
           {"values", segment.values.size()},
           {"sequence", segment.values.empty() ? 0 : segment.values.back().sequence}});
    }
    for (const LeftOut& each : left_out) {
      document.push_back({{"segment", each.segment}, {"left_out", each.reason.message}});
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

/// The segments that were asked for, or all.
Result<std::vector<std::string>> names_to_save(const SnapshotOptions& options,
                                               const Context& context) {
  if (!options.segments.empty()) return options.segments;
  auto names = list_segment_names(context.domain);
  if (names && names->empty()) {
    return detail::fail(ErrorCode::NotFound,
                        "domain '{}' has no segments, nothing was saved; start their writers, or "
                        "check --domain and EVO_DOMAIN",
                        context.domain.path().string());
  }
  return names;
}

Result<SavedSegment> look_and_save(const std::string& name, const Context& context) {
  auto look = SegmentLook::at(context.domain, name);
  if (!look) return tl::unexpected(look.error());
  if (!look->readable()) return tl::unexpected(*look->fault());
  return save_segment(*look);
}

ExitCode fail_for_all(const std::vector<LeftOut>& left_out) {
  const bool forbidden = std::ranges::all_of(left_out, [](const LeftOut& each) {
    return each.reason.code == ErrorCode::PermissionDenied;
  });
  return fail(forbidden ? ExitCode::NotPermitted : ExitCode::Wrong,
              "nothing was saved, because each segment had to be left out; see evo-shm validate");
}

ExitCode save(const SnapshotOptions& options, const Context& context) {
  const auto names = names_to_save(options, context);
  if (!names) return fail(names.error());
  std::vector<SavedSegment> saved;
  std::vector<LeftOut> left_out;
  for (const std::string& name : *names) {
    auto segment = look_and_save(name, context);
    if (segment) {
      saved.push_back(std::move(*segment));
      continue;
    }
    // One that was asked for by name must be there; of all, what has gone or is damaged is told.
    if (!options.segments.empty()) return fail(segment.error());
    fail(ExitCode::Wrong, fmt::format("left out: {}", segment.error().message));
    left_out.push_back({name, std::move(segment.error())});
  }
  if (!saved.empty()) {
    // For this user alone: whoever may not read the segments need not read what was in them.
    if (auto written = write_whole_file(options.file, to_text(saved), 0600); !written) {
      return fail(written.error());
    }
  }
  if (!is_standard_output(options.file)) print("saved", saved, left_out, context);
  if (saved.empty()) return fail_for_all(left_out);
  return left_out.empty() ? ExitCode::Fine : ExitCode::Wrong;
}

Result<std::vector<SavedSegment>> read_file(const SnapshotOptions& options) {
  const auto text = read_whole_file(options.file);
  if (!text) return tl::unexpected(text.error());
  auto segments = read_snapshot(*text);
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

/// Tells that the segments from `stopped` on were not loaded, and why.
ExitCode fail_halfway(const Error& error, std::span<const SavedSegment> segments,
                      std::size_t stopped, const Context& context) {
  std::vector<std::string_view> names;
  for (const SavedSegment& segment : segments) names.emplace_back(segment.blueprint.name);
  std::vector<LeftOut> left_out;
  for (const std::string_view name : std::span(names).subspan(stopped)) {
    left_out.push_back({std::string(name), error});
  }
  print("loaded", segments.first(stopped), left_out, context);
  const auto list = [](std::span<const std::string_view> some) {
    return some.empty() ? std::string("none") : fmt::format("{}", fmt::join(some, ", "));
  };
  return fail(exit_code_of(error.code), fmt::format("{}; loaded: {}; not loaded: {}", error,
                                                    list(std::span(names).first(stopped)),
                                                    list(std::span(names).subspan(stopped))));
}

ExitCode load(const SnapshotOptions& options, const Context& context) {
  const auto segments = read_file(options);
  if (!segments) return fail(segments.error());
  // Asked for all of them first, so that one that has to stay leaves the others alone too.
  for (const SavedSegment& segment : *segments) {
    if (auto possible = check_replacement(segment, context.domain, options.force); !possible) {
      possible.error().message += "; nothing was loaded";
      return fail(possible.error());
    }
  }
  for (std::size_t i = 0; i < segments->size(); ++i) {
    if (auto loaded = load_segment((*segments)[i], context.domain); !loaded) {
      return fail_halfway(loaded.error(), *segments, i, context);
    }
  }
  print("loaded", *segments, {}, context);
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
  commands.add_to<SnapshotOptions>(group, "load", "Make segments anew from a file", declare_load,
                                   load);
}

}  // namespace evo::tools
