// SPDX-License-Identifier: Apache-2.0
/// Which modules write and read which segments: modules, segments, and the edges between them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "graph/sources.hpp"

namespace evo::tools {

/// The state of a segment in the domain.
enum class SegmentState : std::uint8_t {
  Unseen,  ///< the domain was not examined
  Absent,  ///< declared, but not in the domain
  Alive,
  Stale,  ///< its last value is older than `max_age`, or is from an earlier boot
  Dead,   ///< its writer died
  Closed,
  Damaged,
  Incompatible,  ///< in a format that this build cannot read
  Unreadable,    ///< this user may not read it
};

/// `alive`, `dead` …
[[nodiscard]] std::string_view to_string(SegmentState state) noexcept;

struct SegmentNode {
  std::string name;
  std::string kind;                    ///< empty if unknown
  std::chrono::nanoseconds period{0};  ///< zero: not promised
  SegmentState state = SegmentState::Unseen;
  bool declared = false;  ///< a schema names its writer and readers
};

/// A module of a schema or of a data file; or a process whose name matches no module.
struct ModuleNode {
  std::string name;
  bool is_process = false;

  friend auto operator<=>(const ModuleNode&, const ModuleNode&) = default;
};

/// A direction of data flow, from a module to a segment or from a segment to a module.
struct Edge {
  ModuleNode module;
  std::string segment;
  bool writes = false;
  bool declared = false;  ///< a schema says so
  bool attached = false;  ///< attached in the domain

  friend auto operator<=>(const Edge&, const Edge&) = default;
};

struct Graph {
  bool live = false;                  ///< whether a domain was examined
  std::vector<ModuleNode> modules;    ///< sorted by name
  std::vector<SegmentNode> segments;  ///< sorted by name
  std::vector<Edge> edges;            ///< by segment, its writers first

  [[nodiscard]] const SegmentNode& segment(std::string_view name) const;
};

[[nodiscard]] SegmentState state_of_segment(const SegmentInfo& info);

[[nodiscard]] Graph make_graph(const Sources& sources);

}  // namespace evo::tools
