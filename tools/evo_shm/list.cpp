// SPDX-License-Identifier: Apache-2.0
/// `evo-shm list [--watch] [--wrong] [--expect NAME…]`
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "command.hpp"
#include "evo/discovery.hpp"
#include "evo/format.hpp"
#include "evo/segment_paths.hpp"
#include "evo/text.hpp"
#include "inspect/labels.hpp"
#include "text/duration.hpp"
#include "text/json_text.hpp"
#include "text/table.hpp"

namespace evo::tools {

namespace {

/// With a zero interval, tables would be printed without pause: ages always differ.
constexpr std::chrono::nanoseconds kShortestListInterval = std::chrono::milliseconds(10);

struct ListOptions {
  bool watch = false;
  bool wrong = false;
  std::string interval = "1s";
  std::vector<std::string> expected;
};

void declare(CLI::App& command, ListOptions& options) {
  command.add_flag("--watch", options.watch, "Print the table again whenever it changes");
  command.add_option("--interval", options.interval, "How often --watch checks")
      ->check(duration_validator())
      ->capture_default_str();
  command.add_flag("--wrong", options.wrong,
                   "Only those that need attention: damaged, dead, stale");
  command.add_option("--expect", options.expected,
                     "These must exist, be sound and have a live writer");
}

/// The segments of a domain, and the names that --expect misses.
struct Listing {
  std::vector<SegmentInfo> segments;
  std::vector<std::string> absent;
  bool wrong = false;

  [[nodiscard]] bool empty() const { return segments.empty() && absent.empty(); }
};

Result<Listing> look_at(const ListOptions& options, const Domain& domain) {
  auto found = list_segments(domain);
  if (!found) return tl::unexpected(found.error());
  Listing listing;
  listing.segments = std::move(*found);
  for (const std::string& name : options.expected) {
    const auto info = std::ranges::find(listing.segments, name, &SegmentInfo::name);
    if (info == listing.segments.end()) {
      listing.absent.push_back(name);
    } else if (is_wrong(*info) || info->writer_state != WriterState::Alive) {
      listing.wrong = true;
    }
  }
  if (options.wrong) {
    std::erase_if(listing.segments, [&](const SegmentInfo& info) {
      const bool expected =
          std::ranges::find(options.expected, info.name) != options.expected.end();
      return !is_wrong(info) && (!expected || info.writer_state == WriterState::Alive);
    });
    listing.wrong |= !listing.segments.empty();
  }
  listing.wrong |= !listing.absent.empty();
  return listing;
}

std::string table_of(const Listing& listing, const Context& context) {
  Table table({{"NAME", Align::Left, 0, Narrowing::Cut},
               {"KIND", Align::Left, 3},
               {"STATE"},
               {"MODULE", Align::Left, 2},
               {"WRITER", Align::Left, 4},
               {"READERS", Align::Right, 6},
               {"SIZE", Align::Right, 1},
               {"SEQUENCE", Align::Right, 5},
               {"AGE"}});
  for (const std::string& name : listing.absent) {
    table.add({name, "-", coloured(Colour::Bad, "absent", context.colours), "-", "-", "-", "-", "-",
               "-"});
  }
  for (const SegmentInfo& info : listing.segments) {
    const bool sound = info.condition == SegmentCondition::Sound;
    table.add({printable(info.name), kind_of(info),
               coloured(colour_of_state(info), state_of(info), context.colours),
               info.module.empty() ? "-" : info.module, writer_of(info), readers_of(info),
               memory_of(info), sound ? std::to_string(info.sequence) : "-", age_of(info)});
  }
  return table.text(context.width);
}

/// Formats one listing. With --watch, each JSON document is one line.
std::string render(const Listing& listing, const ListOptions& options, const Context& context) {
  if (context.json()) {
    auto document = nlohmann::ordered_json::array();
    for (const std::string& name : listing.absent) {
      document.push_back({{"name", name},
                          {"condition", "absent"},
                          {"fault", "it is expected, but not there; start its module"}});
    }
    for (const SegmentInfo& info : listing.segments) document.push_back(to_json(info));
    return json_text(document, options.watch ? -1 : 2) + '\n';
  }
  if (listing.empty()) {
    return wrapped_text(
        fmt::format("no segments{} {}\n", options.wrong ? " with anything wrong" : "",
                    in(context.domain)),
        context.width);
  }
  return table_of(listing, context);
}

ExitCode run(const ListOptions& options, const Context& context) {
  for (const std::string& name : options.expected) {
    if (auto valid = validate_segment_name(name); !valid) return fail(valid.error());
  }
  if (auto found = find_domain(context.domain); !found) return fail(found.error());
  std::string last;
  while (true) {
    const auto listing = look_at(options, context.domain);
    if (!listing) return fail(listing.error());
    std::string text = render(*listing, options, context);
    if (text != last) {
      if (!last.empty() && !context.json()) print_text("\n");
      print_text(text);
    }
    if (!options.watch) return listing->wrong ? ExitCode::Wrong : ExitCode::Fine;
    last = std::move(text);
    sleep_while_read(std::max<std::chrono::nanoseconds>(*parse_duration(options.interval),
                                                        kShortestListInterval));
  }
}

}  // namespace

void add_list(Commands& commands) {
  commands.add<ListOptions>("list", "All segments of the domain, whatever their condition", declare,
                            run);
}

}  // namespace evo::tools
