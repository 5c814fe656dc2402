// SPDX-License-Identifier: Apache-2.0
#include "graph/findings.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "graph/graph.hpp"
#include "inspect/labels.hpp"
#include "text/duration.hpp"

namespace evo::tools {

namespace {

/// Examines one segment and collects its findings.
class Lint {
 public:
  Lint(const Sources& sources, const std::string& segment, std::vector<Finding>& findings)
      : declaration_(sources.declaration_of(segment)),
        live_(sources.find_live(segment)),
        segment_(segment),
        findings_(findings) {}

  void find(const Sources& sources) {
    find_twice(sources);
    find_unread();
    if (live_ == nullptr) {
      if (sources.live) find_absent();
      return;
    }
    find_damaged();
    find_owner();
    find_idle();
    find_undeclared();
  }

 private:
  void add(std::string_view check, std::string finding) {
    findings_.push_back({segment_, check, std::move(finding)});
  }

  void find_twice(const Sources& sources) {
    std::vector<std::string_view> files;
    for (const Declaration& each : sources.declarations) {
      if (each.segment == segment_) files.push_back(each.file);
    }
    if (files.size() < 2) return;
    add("twice", fmt::format("declared by {}; rename one of them, or include one schema from the "
                             "other",
                             fmt::join(files, " and by ")));
  }

  void find_unread() {
    // Without a schema the intended readers are unknown.
    if (declaration_ == nullptr || !declaration_->readers.empty()) return;
    if (live_ != nullptr && !(knows_readers(live_->info) && live_->info.readers.empty())) return;
    add("unread", fmt::format("its schema names no readers{}; name them in `readers`, or remove it",
                              live_ != nullptr ? " and none is attached" : ""));
  }

  /// Its module may have died and its files been removed since.
  void find_absent() {
    add("absent", fmt::format("declared by {}, but not in the domain; start '{}'", source(),
                              declaration_->owner));
  }

  void find_damaged() {
    const SegmentState state = state_of_segment(live_->info);
    const bool damaged = state == SegmentState::Damaged;
    if (!damaged && state != SegmentState::Unreadable && state != SegmentState::Incompatible)
      return;
    add(to_string(state),
        (damaged ? state_of(live_->info) + ": " : std::string()) + live_->info.fault);
  }

  void find_owner() {
    const std::string& module = live_->info.module;
    if (declaration_ == nullptr || module.empty() || module == declaration_->owner) return;
    add("owner",
        fmt::format(
            "written by module '{}', {}, while {} names '{}'; correct `owner`, or stop that writer",
            module, writer_of(live_->info), source(), declaration_->owner));
  }

  void find_idle() {
    const SegmentState state = state_of_segment(live_->info);
    const bool declared_in_file = declaration_ != nullptr && !declaration_->file.empty();
    if (live_->info.readers.empty()) {
      if (state == SegmentState::Dead && declared_in_file) {
        add("dead", fmt::format("its writer, {}, is dead; start '{}' again", writer_of(live_->info),
                                live_->info.module));
      }
      return;
    }
    if (state == SegmentState::Dead) {
      add("dead", fmt::format("read by {}, but its writer, {}, is dead; start '{}' again",
                              readers(), writer_of(live_->info), live_->info.module));
    } else if (live_->info.stamp_ahead.count() != 0) {
      add("stale", fmt::format("read by {}, but {}", readers(), future_stamp_of(live_->info)));
    } else if (state == SegmentState::Stale) {
      const auto age = live_->info.age;
      add("stale",
          fmt::format("read by {}, but its last value is {}; find out what keeps '{}' from "
                      "writing",
                      readers(), age ? in_words(*age) + " old" : "from a previous boot",
                      live_->info.module));
    }
  }

  void find_undeclared() {
    if (declaration_ == nullptr) return;
    for (const AttachedReader& reader : live_->info.readers) {
      const auto is_meant = [&](const std::string& module) {
        return is_of_module(reader.process_name, module);
      };
      if (std::ranges::any_of(declaration_->readers, is_meant)) continue;
      add("undeclared", fmt::format("read by {}, which {} does not name in `readers`; add it, or "
                                    "find out what started it",
                                    name_of(reader), source()));
    }
  }

  [[nodiscard]] std::string source() const {
    return declaration_->file.empty() ? "its own schema" : declaration_->file;
  }

  [[nodiscard]] static std::string name_of(const AttachedReader& reader) {
    return fmt::format("pid {} ({})", reader.pid, reader.process_name);
  }

  [[nodiscard]] std::string readers() const {
    std::vector<std::string> names;
    for (const AttachedReader& reader : live_->info.readers) names.push_back(name_of(reader));
    return fmt::format("{}", fmt::join(names, ", "));
  }

  const Declaration* declaration_;
  const LiveSegment* live_;
  const std::string& segment_;
  std::vector<Finding>& findings_;
};

}  // namespace

std::vector<Finding> findings_in(const Sources& sources) {
  std::vector<Finding> findings;
  for (const std::string& segment : sources.segment_names()) {
    Lint(sources, segment, findings).find(sources);
  }
  return findings;
}

}  // namespace evo::tools
