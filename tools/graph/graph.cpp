// SPDX-License-Identifier: Apache-2.0
#include "graph/graph.hpp"

#include <algorithm>
#include <set>

namespace evo::tools {

namespace {

/// Every module that a schema or a data file names.
std::set<std::string> modules_in(const Sources& sources) {
  std::set<std::string> modules;
  const auto add = [&](const Declaration& declaration) {
    modules.insert(declaration.owner);
    modules.insert(declaration.readers.begin(), declaration.readers.end());
  };
  for (const Declaration& each : sources.declarations) add(each);
  for (const LiveSegment& each : sources.live.value_or(std::vector<LiveSegment>())) {
    if (each.declared) add(*each.declared);
    modules.insert(each.info.module);
  }
  modules.erase("");
  return modules;
}

/// The edges of one segment: one per direction and module, however many processes use it.
class EdgesOf {
 public:
  EdgesOf(std::string segment, const std::set<std::string>& modules)
      : segment_(std::move(segment)), modules_(modules) {}

  void declare(const Declaration& declaration) {
    if (!declaration.owner.empty()) edge({declaration.owner, false}, true).declared = true;
    for (const std::string& reader : declaration.readers) {
      edge({reader, false}, false).declared = true;
    }
  }

  void look(const SegmentInfo& info) {
    if (!info.module.empty()) {
      edge({info.module, false}, true).attached = info.writer_state == WriterState::Alive;
    }
    for (const AttachedReader& reader : info.readers) {
      edge(node_of(reader.process_name), false).attached = true;
    }
  }

  /// Writers first, each group by name.
  [[nodiscard]] std::vector<Edge> sorted() && {
    std::ranges::sort(edges_, [](const Edge& left, const Edge& right) {
      return left.writes != right.writes ? left.writes : left.module < right.module;
    });
    return std::move(edges_);
  }

 private:
  Edge& edge(ModuleNode module, bool writes) {
    const auto found = std::ranges::find_if(
        edges_, [&](const Edge& each) { return each.module == module && each.writes == writes; });
    if (found != edges_.end()) return *found;
    return edges_.emplace_back(Edge{std::move(module), segment_, writes});
  }

  /// The module that has the process's name; if several names begin the same way, one that is
  /// declared as a reader.
  [[nodiscard]] ModuleNode node_of(const std::string& process) const {
    const auto bears_it = [&](const std::string& name) { return is_of_module(process, name); };
    for (const Edge& each : edges_) {
      if (!each.writes && each.declared && bears_it(each.module.name)) return each.module;
    }
    const auto found = std::ranges::find_if(modules_, bears_it);
    return found != modules_.end() ? ModuleNode{*found, false} : ModuleNode{process, true};
  }

  std::string segment_;
  const std::set<std::string>& modules_;
  std::vector<Edge> edges_;
};

SegmentNode node_of_segment(const std::string& name, const Declaration* declaration,
                            const LiveSegment* live, bool looked) {
  SegmentNode node;
  node.name = name;
  if (declaration != nullptr) {
    node.kind = declaration->kind;
    node.period = declaration->period;
    node.declared = true;
  }
  if (live != nullptr) {
    const SegmentInfo& info = live->info;
    node.state = state_of_segment(info);
    if (info.condition == SegmentCondition::Sound) {
      node.kind = to_string(info.layout.kind);
      node.period = std::chrono::nanoseconds(info.layout.period_ns);
    }
  } else if (looked) {
    node.state = SegmentState::Absent;
  }
  return node;
}

}  // namespace

std::string_view to_string(SegmentState state) noexcept {
  switch (state) {
    case SegmentState::Unseen:
      return "unseen";
    case SegmentState::Absent:
      return "absent";
    case SegmentState::Alive:
      return "alive";
    case SegmentState::Stale:
      return "stale";
    case SegmentState::Dead:
      return "dead";
    case SegmentState::Closed:
      return "closed";
    case SegmentState::Damaged:
      return "damaged";
    case SegmentState::Incompatible:
      return "incompatible";
    case SegmentState::Unreadable:
      return "unreadable";
  }
  return "unknown";
}

SegmentState state_of_segment(const SegmentInfo& info) {
  if (info.condition == SegmentCondition::Stale) return SegmentState::Stale;
  if (info.condition == SegmentCondition::Closed) return SegmentState::Closed;
  if (info.condition == SegmentCondition::Removed) return SegmentState::Dead;
  if (info.condition == SegmentCondition::Unfinished) {
    return info.writer_state == WriterState::Dead ? SegmentState::Dead : SegmentState::Closed;
  }
  if (info.condition == SegmentCondition::Unreadable) return SegmentState::Unreadable;
  if (info.condition == SegmentCondition::Incompatible) return SegmentState::Incompatible;
  if (info.condition != SegmentCondition::Sound) return SegmentState::Damaged;
  if (info.writer_state == WriterState::Dead) return SegmentState::Dead;
  if (info.freshness == Freshness::Stale) return SegmentState::Stale;
  return info.writer_state == WriterState::Closed ? SegmentState::Closed : SegmentState::Alive;
}

const SegmentNode& Graph::segment(std::string_view name) const {
  return *std::ranges::find(segments, name, &SegmentNode::name);
}

Graph make_graph(const Sources& sources) {
  Graph graph;
  graph.live = sources.live.has_value();
  const auto modules = modules_in(sources);
  std::set<ModuleNode> nodes;
  for (const std::string& module : modules) nodes.insert({module, false});
  for (const std::string& name : sources.segment_names()) {
    const Declaration* declaration = sources.declaration_of(name);
    const LiveSegment* live = sources.find_live(name);
    graph.segments.push_back(node_of_segment(name, declaration, live, graph.live));
    EdgesOf edges(name, modules);
    if (declaration != nullptr) edges.declare(*declaration);
    if (live != nullptr) edges.look(live->info);
    for (Edge& each : std::move(edges).sorted()) {
      nodes.insert(each.module);
      graph.edges.push_back(std::move(each));
    }
  }
  graph.modules.assign(nodes.begin(), nodes.end());
  return graph;
}

}  // namespace evo::tools
