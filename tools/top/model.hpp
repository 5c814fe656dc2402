// SPDX-License-Identifier: Apache-2.0
/// The state of `top`: one row per segment of a domain, their order, and the selection.
///
/// Independent of segments and terminals: the caller passes in each inspection with its time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "evo/segment_info.hpp"

namespace evo::tools {

/// Counts publishes between inspections. The rate covers the last one to two seconds, so that a
/// segment with rare publishes does not flicker between zero and a high rate.
class PublishRate {
 public:
  /// An inspection at `now_ns` found this sequence for this incarnation.
  void count(std::uint64_t incarnation, std::uint64_t sequence, std::uint64_t now_ns);

  /// Publishes per second; nothing before the second inspection of the same incarnation.
  [[nodiscard]] std::optional<double> per_second() const { return per_second_; }

 private:
  struct Mark {
    std::uint64_t sequence = 0;
    std::uint64_t ns = 0;
  };

  std::uint64_t incarnation_ = 0;
  std::optional<Mark> from_;
  Mark next_from_;
  std::optional<double> per_second_;
};

/// One segment.
struct TopRow {
  SegmentInfo info;
  PublishRate rate;
  std::uint64_t looked_ns = 0;  ///< CLOCK_MONOTONIC of the last inspection

  /// Streams only: number of values that the slowest reader has not read. Nothing without readers.
  [[nodiscard]] std::optional<std::uint64_t> greatest_lag() const;
};

enum class SortKey : std::uint8_t { Name, Rate, Age, State, Lag };

inline constexpr std::array<std::string_view, 5> kSortKeyNames = {"name", "rate", "age", "state",
                                                                  "lag"};
[[nodiscard]] constexpr std::string_view to_string(SortKey key) {
  return kSortKeyNames[static_cast<std::size_t>(key)];
}

/// Pointers and positions are valid until the next non-const call.
class TopModel {
 public:
  /// Updates a segment as of `now_ns`; adds a row if its name is new.
  void take(const SegmentInfo& info, std::uint64_t now_ns);

  /// The segment was removed.
  void remove(std::string_view name);

  /// Largest rate, age and lag first, problems before healthy segments, names alphabetically. The
  /// same key again reverses the order.
  void sort_by(SortKey key);
  [[nodiscard]] SortKey sort_key() const { return sort_key_; }
  [[nodiscard]] bool reversed() const { return reversed_; }

  /// Shows only names that contain this text; all if it is empty.
  void filter_by(std::string text);
  [[nodiscard]] const std::string& filter() const { return filter_; }

  /// Sorts the rows again after `take` and `remove`.
  void arrange();

  /// The rows shown, in order, as of the last arrangement.
  [[nodiscard]] const std::vector<const TopRow*>& shown() const { return shown_; }

  /// Number of known segments, shown or not.
  [[nodiscard]] std::size_t size() const { return rows_.size(); }

  /// How many of them need attention.
  [[nodiscard]] std::size_t count_wrong() const;

  [[nodiscard]] const TopRow* find(std::string_view name) const;

  /// Position of the selected row among those shown; 0 if there is none.
  [[nodiscard]] std::size_t selected() const { return selected_; }
  [[nodiscard]] const TopRow* selected_row() const;

  /// Moves the selection down, or up if negative, within the rows shown. The selection stays with
  /// its segment when the order changes.
  void move(std::ptrdiff_t by);

 private:
  [[nodiscard]] bool comes_before(const TopRow& left, const TopRow& right) const;
  void select(std::size_t position);

  std::map<std::string, TopRow, std::less<>> rows_;
  std::vector<const TopRow*> shown_;
  SortKey sort_key_ = SortKey::Name;
  bool reversed_ = false;
  std::string filter_;
  std::size_t selected_ = 0;
  std::string selected_name_;
};

}  // namespace evo::tools
