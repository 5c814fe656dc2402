/// `evo-shm list [--watch] [--wrong]`
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "command.hpp"
#include "evo/discovery.hpp"
#include "look/printable.hpp"
#include "look/words.hpp"
#include "text/duration.hpp"
#include "text/table.hpp"

namespace evo::tools {

namespace {

/// An interval of nothing would be a storm of tables: an age is another one at each look.
constexpr std::chrono::nanoseconds kShortestInterval = std::chrono::milliseconds(10);

struct ListOptions {
  bool watch = false;
  bool wrong = false;
  std::string interval = "1s";
};

void declare(CLI::App& command, ListOptions& options) {
  command.add_flag("--watch", options.watch, "Print the table again whenever it has changed");
  command.add_option("--interval", options.interval, "How often --watch looks")
      ->check(duration_validator())
      ->capture_default_str();
  command.add_flag("--wrong", options.wrong,
                   "Only those with something to do about: damaged, dead, stale");
}

std::string table_of(const std::vector<SegmentInfo>& segments, const Context& context) {
  Table table({{"NAME"},
               {"KIND"},
               {"STATE"},
               {"MODULE"},
               {"WRITER"},
               {"READERS", Align::Right},
               {"SIZE", Align::Right},
               {"SEQUENCE", Align::Right},
               {"AGE"}});
  for (const SegmentInfo& info : segments) {
    const bool sound = info.condition == SegmentCondition::Sound;
    table.add({printable(info.name), kind_of(info),
               coloured(colour_of_state(info), state_of(info), context.colours),
               info.module.empty() ? "-" : info.module, writer_of(info), readers_of(info),
               memory_of(info), sound ? std::to_string(info.sequence) : "-", age_of(info)});
  }
  return table.text();
}

/// One look, printed. A JSON answer of --watch is one document a line.
Result<std::string> render(const ListOptions& options, const Context& context, bool* wrong) {
  auto segments = list_segments(context.domain);
  if (!segments) return tl::unexpected(segments.error());
  if (options.wrong) std::erase_if(*segments, [](const auto& info) { return !is_wrong(info); });
  *wrong = options.wrong && !segments->empty();
  if (context.json()) {
    auto document = nlohmann::ordered_json::array();
    for (const SegmentInfo& info : *segments) document.push_back(to_json(info));
    return document.dump(options.watch ? -1 : 2, ' ', false,
                         nlohmann::ordered_json::error_handler_t::replace) +
           '\n';
  }
  if (segments->empty()) {
    return fmt::format("no segments{} {}\n", options.wrong ? " with anything wrong" : "",
                       in(context.domain));
  }
  return table_of(*segments, context);
}

ExitCode run(const ListOptions& options, const Context& context) {
  if (auto found = find_domain(context.domain); !found) return fail(found.error());
  std::string last;
  while (true) {
    bool wrong = false;
    auto text = render(options, context, &wrong);
    if (!text) return fail(text.error());
    if (*text != last) {
      if (!last.empty() && !context.json()) print_text("\n");
      print_text(*text);
    }
    if (!options.watch) return wrong ? ExitCode::Wrong : ExitCode::Fine;
    last = std::move(*text);
    std::this_thread::sleep_for(
        std::max<std::chrono::nanoseconds>(*parse_duration(options.interval), kShortestInterval));
  }
}

}  // namespace

void add_list(Commands& commands) {
  commands.add<ListOptions>("list", "All segments of the domain, whatever their condition", declare,
                            run);
}

}  // namespace evo::tools
