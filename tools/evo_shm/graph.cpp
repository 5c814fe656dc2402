// SPDX-License-Identifier: Apache-2.0
/// `evo-shm graph [--schemas FILE.fbs…] [--live] [--svg FILE] [--lint]`
#include "graph/graph.hpp"

#include "command.hpp"
#include "evo/text.hpp"
#include "graph/draw.hpp"
#include "graph/findings.hpp"
#include "text/table.hpp"

namespace evo::tools {

namespace {

struct GraphOptions {
  std::vector<std::string> schemas;
  std::vector<std::string> includes;
  std::string svg;
  bool live = false;
  bool lint = false;
};

void declare(CLI::App& command, GraphOptions& options) {
  auto* schemas = command.add_option("--schemas", options.schemas,
                                     "What these schema files declare, instead of the domain");
  schemas->type_name("FILE.fbs");
  command.add_flag("--live", options.live, "With --schemas: also what is in the domain")
      ->needs(schemas);
  command
      .add_option("-I,--include", options.includes,
                  "Where to look up the schemas' includes, besides their own directories")
      ->type_name("DIR");
  auto* svg = command.add_option("--svg", options.svg, "Have Graphviz draw it into this file");
  svg->type_name("FILE");
  command.add_flag("--lint", options.lint, "Print what is wrong, instead of the graph")
      ->excludes(svg);
}

Result<Sources> sources_of(const GraphOptions& options, const Context& context) {
  Sources sources;
  auto declarations = declarations_of(options.schemas, options.includes);
  if (!declarations) return tl::unexpected(declarations.error());
  sources.declarations = std::move(*declarations);
  if (options.schemas.empty() || options.live) {
    auto live = live_segments_of(context.domain);
    if (!live) return tl::unexpected(live.error());
    sources.live = std::move(*live);
  }
  return sources;
}

ExitCode lint(const Sources& sources, const Context& context) {
  const auto findings = findings_in(sources);
  if (context.json()) {
    auto document = nlohmann::ordered_json::array();
    for (const Finding& each : findings) {
      document.push_back(
          {{"segment", each.segment}, {"check", each.check}, {"finding", each.finding}});
    }
    print_json(document);
  } else if (findings.empty()) {
    print_text("nothing found\n");
  } else {
    Table table({{"SEGMENT", Align::Left, 0, Narrowing::Cut},
                 {"CHECK"},
                 {"WHAT WAS FOUND", Align::Left, 0, Narrowing::Wrap}});
    for (const Finding& each : findings) {
      table.add({printable(each.segment), std::string(each.check), printable(each.finding)});
    }
    print_text(table.text(context.width));
  }
  return findings.empty() ? ExitCode::Fine : ExitCode::Wrong;
}

ExitCode run(const GraphOptions& options, const Context& context) {
  const auto sources = sources_of(options, context);
  if (!sources) return fail(sources.error());
  if (options.lint) return lint(*sources, context);
  const Graph graph = make_graph(*sources);
  if (!options.svg.empty()) {
    const auto drawn = draw_svg(to_dot(graph), options.svg);
    return drawn ? ExitCode::Fine : fail(drawn.error());
  }
  if (context.json()) {
    print_json(to_json(graph));
  } else {
    print_text(to_dot(graph));
  }
  return ExitCode::Fine;
}

}  // namespace

void add_graph(Commands& commands) {
  commands.add<GraphOptions>(
      "graph", "Which modules write and read what, for Graphviz or as a list of problems", declare,
      run);
}

}  // namespace evo::tools
