// SPDX-License-Identifier: Apache-2.0
#include "graph/draw.hpp"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "evo/format.hpp"
#include "evo/text.hpp"
#include "text/duration.hpp"

namespace evo::tools {

namespace {

std::string id_of(const ModuleNode& module) {
  return fmt::format("{}:{}", module.is_process ? "process" : "module", module.name);
}

std::string id_of(const std::string& segment) {
  return "segment:" + segment;
}

/// With a backslash before each special character.
std::string escaped(std::string_view text, std::string_view special) {
  std::string out;
  for (const char c : text) {
    if (special.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

/// For names of processes and damaged files, which may contain any characters.
std::string in_quotes(std::string_view text) {
  return '"' + escaped(printable(text), "\"\\") + '"';
}

/// Colour for a problem of a segment; empty if there is none.
std::string_view colour_of(SegmentState state) {
  switch (state) {
    case SegmentState::Dead:
    case SegmentState::Damaged:
    case SegmentState::Incompatible:
      return "red";
    case SegmentState::Stale:
      return "orange";
    case SegmentState::Absent:
    case SegmentState::Closed:
      return "grey";
    default:
      return "";
  }
}

std::string line_of(const ModuleNode& module) {
  return fmt::format("  {} [label={}, shape=box{}];\n", in_quotes(id_of(module)),
                     in_quotes(module.name), module.is_process ? ", style=dashed" : "");
}

std::string line_of(const SegmentNode& segment) {
  std::string facts = segment.kind;
  if (segment.period.count() != 0) facts += ", " + in_words(segment.period);
  if (segment.state != SegmentState::Unseen && segment.state != SegmentState::Alive) {
    facts += fmt::format("{}{}", facts.empty() ? "" : ", ", to_string(segment.state));
  }
  const bool stream = segment.kind == "stream";
  const std::string name = escaped(printable(segment.name), stream ? "\"\\{}|<>" : "\"\\");
  const std::string label = stream          ? fmt::format("{{{}|{}}}", name, facts)
                            : facts.empty() ? name
                                            : fmt::format("{}\\n{}", name, facts);
  const std::string_view colour = colour_of(segment.state);
  return fmt::format("  {} [label=\"{}\", shape={}{}];\n", in_quotes(id_of(segment.name)), label,
                     stream ? "record" : "ellipse",
                     colour.empty() ? "" : fmt::format(", color={}", colour));
}

std::string line_of(const Edge& edge, const Graph& graph) {
  std::string style;
  const SegmentNode& node = graph.segment(edge.segment);
  if (!edge.declared && node.declared) style += ", style=dashed";
  // An edge that is not in use now shows why: its writer died, or it never started.
  std::string_view colour = colour_of(node.state);
  if (!edge.writes && edge.attached && colour == "grey") colour = "";
  if (graph.live && !edge.attached && (!edge.writes || colour.empty())) colour = "grey";
  if (!colour.empty()) style += fmt::format(", color={}", colour);
  const std::string module = in_quotes(id_of(edge.module));
  const std::string segment = in_quotes(id_of(edge.segment));
  return fmt::format("  {} -> {}{};\n", edge.writes ? module : segment,
                     edge.writes ? segment : module,
                     style.empty() ? "" : fmt::format(" [{}]", style.substr(2)));
}

}  // namespace

std::string to_dot(const Graph& graph) {
  std::string text =
      "digraph segments {\n"
      "  rankdir=LR;\n"
      "  node [fontname=\"sans-serif\", fontsize=11];\n";
  for (const ModuleNode& module : graph.modules) text += line_of(module);
  for (const SegmentNode& segment : graph.segments) text += line_of(segment);
  for (const Edge& edge : graph.edges) text += line_of(edge, graph);
  return text + "}\n";
}

nlohmann::ordered_json to_json(const Graph& graph) {
  auto nodes = nlohmann::ordered_json::array();
  for (const ModuleNode& module : graph.modules) {
    nodes.push_back({{"id", id_of(module)},
                     {"type", module.is_process ? "process" : "module"},
                     {"name", module.name}});
  }
  for (const SegmentNode& segment : graph.segments) {
    nlohmann::ordered_json node{
        {"id", id_of(segment.name)}, {"type", "segment"}, {"name", segment.name}};
    if (!segment.kind.empty()) node["kind"] = segment.kind;
    if (segment.period.count() != 0) node["period_ns"] = segment.period.count();
    if (graph.live) node["state"] = to_string(segment.state);
    nodes.push_back(std::move(node));
  }
  auto edges = nlohmann::ordered_json::array();
  for (const Edge& edge : graph.edges) {
    const std::string module = id_of(edge.module);
    const std::string segment = id_of(edge.segment);
    nlohmann::ordered_json object{{"from", edge.writes ? module : segment},
                                  {"to", edge.writes ? segment : module},
                                  {"type", edge.writes ? "writes" : "reads"},
                                  {"declared", edge.declared}};
    if (graph.live) object["attached"] = edge.attached;
    edges.push_back(std::move(object));
  }
  return {{"nodes", std::move(nodes)}, {"edges", std::move(edges)}};
}

Result<void> draw_svg(const std::string& dot, const std::string& file) {
  // A file, because with a pipe one side may wait for the other.
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> text(std::tmpfile(), &std::fclose);
  if (text == nullptr || std::fwrite(dot.data(), 1, dot.size(), text.get()) != dot.size() ||
      std::fflush(text.get()) != 0) {
    return make_system_error(errno, "cannot write a temporary file");
  }
  std::rewind(text.get());
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, ::fileno(text.get()), STDIN_FILENO);
  std::string words[] = {"dot", "-Tsvg", "-o", file};
  char* arguments[] = {words[0].data(), words[1].data(), words[2].data(), words[3].data(), nullptr};
  pid_t pid = 0;
  const int error = ::posix_spawnp(&pid, "dot", &actions, nullptr, arguments, environ);
  ::posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  // Some systems report a missing program only through the exit code.
  if (error == 0) ::waitpid(pid, &status, 0);
  if (error != 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 127)) {
    return make_error(ErrorCode::Unsupported,
                      "cannot draw '{}': there is no program 'dot' here; install Graphviz "
                      "(Debian package graphviz), or leave out --svg and draw the output of "
                      "evo-shm graph elsewhere",
                      file);
  }
  if (status != 0) {
    return make_error(ErrorCode::Io, "'dot' could not draw '{}'; see its output above", file);
  }
  return {};
}

}  // namespace evo::tools
