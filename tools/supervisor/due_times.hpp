// SPDX-License-Identifier: Apache-2.0
/// The time at which each segment needs attention.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace evo::tools {

/// Finding the next one is fast even with many segments.
class DueTimes {
 public:
  void set(const std::string& segment, std::uint64_t time_ns) {
    erase(segment);
    const auto entry = order_.emplace(time_ns, segment).first;
    try {
      times_.emplace(segment, time_ns);
    } catch (...) {
      order_.erase(entry);
      throw;
    }
  }
  void erase(const std::string& segment) {
    const auto found = times_.find(segment);
    if (found == times_.end()) return;
    order_.erase({found->second, segment});
    times_.erase(found);
  }
  [[nodiscard]] bool contains(const std::string& segment) const { return times_.contains(segment); }
  /// The earliest time.
  [[nodiscard]] std::optional<std::uint64_t> next() const {
    return order_.empty() ? std::nullopt : std::optional(order_.begin()->first);
  }
  /// A segment whose time has been reached.
  [[nodiscard]] std::optional<std::string> due(std::uint64_t now_ns) const {
    if (order_.empty() || order_.begin()->first > now_ns) return std::nullopt;
    return order_.begin()->second;
  }

 private:
  std::set<std::pair<std::uint64_t, std::string>> order_;
  std::map<std::string, std::uint64_t> times_;
};

}  // namespace evo::tools
