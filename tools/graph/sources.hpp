// SPDX-License-Identifier: Apache-2.0
/// Sources of a graph: the declarations of schemas, and the segments of a domain.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "evo/domain.hpp"
#include "evo/schema_layout.hpp"
#include "evo/segment_info.hpp"

namespace evo::tools {

/// What a schema says about a segment.
struct Declaration {
  std::string segment;
  std::string file;  ///< that declares it; empty: embedded in the segment itself
  std::string owner;
  std::vector<std::string> readers;
  std::string kind;                    ///< `state` or `stream`
  std::chrono::nanoseconds period{0};  ///< zero: not promised
};

/// A segment of a domain, and its declaration if it carries a schema.
struct LiveSegment {
  SegmentInfo info;
  std::optional<Declaration> declared;
};

struct Sources {
  std::vector<Declaration> declarations;         ///< from schema files
  std::optional<std::vector<LiveSegment>> live;  ///< nullopt: the domain was not examined

  /// The declaration in effect: the first schema file that declares the segment, else its own
  /// schema; nullptr if there is neither.
  [[nodiscard]] const Declaration* declaration_of(std::string_view segment) const;

  /// The segment as it is in the domain, or nullptr.
  [[nodiscard]] const LiveSegment* find_live(std::string_view segment) const;

  /// Every segment, once, sorted by name.
  [[nodiscard]] std::vector<std::string> segment_names() const;
};

/// Reads the segments that the files themselves declare. A file that is named twice counts once.
Result<std::vector<Declaration>> declarations_of(const std::vector<std::string>& files,
                                                 const std::vector<std::string>& includes);

/// Inspects all segments of a domain.
Result<std::vector<LiveSegment>> live_segments_of(const Domain& domain);

/// Whether a process has the name of a module: the kernel keeps 15 characters of it.
[[nodiscard]] bool is_of_module(std::string_view process_name, std::string_view module);

}  // namespace evo::tools
