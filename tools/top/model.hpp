/// What `top` knows of the segments of a domain: rows, their order, which is selected.
///
/// Nothing here looks at a segment or at a terminal: looks are handed in with their time.
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

/// Counts publishes between looks. The rate is that of the last one to two seconds, so that a
/// segment that publishes once in a while does not flicker between nothing and much.
class PublishRate {
 public:
  /// A look at `now_ns` that found this many publishes of that incarnation.
  void count(std::uint64_t incarnation, std::uint64_t sequence, std::uint64_t now_ns);

  /// Publishes a second; nothing before the second look at the same incarnation.
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
  std::uint64_t looked_ns = 0;  ///< CLOCK_MONOTONIC of the last look

  /// Of a stream: values that the slowest reader has not taken. Nothing if nobody reads.
  [[nodiscard]] std::optional<std::uint64_t> greatest_lag() const;
};

enum class SortKey : std::uint8_t { Name, Rate, Age, State, Lag };

inline constexpr std::array<std::string_view, 5> kSortKeyNames = {"name", "rate", "age", "state",
                                                                  "lag"};
[[nodiscard]] constexpr std::string_view to_string(SortKey key) {
  return kSortKeyNames[static_cast<std::size_t>(key)];
}

/// Pointers and positions hold until the next call that is not const.
class TopModel {
 public:
  /// A segment as it is at `now_ns`; a new row if there is none of its name.
  void take(const SegmentInfo& info, std::uint64_t now_ns);

  /// It has vanished.
  void remove(std::string_view name);

  /// Largest rate, age and lag first, what is wrong before what is fine, names as they are. The
  /// same key again reverses the order.
  void sort_by(SortKey key);
  [[nodiscard]] SortKey sort_key() const { return sort_key_; }
  [[nodiscard]] bool reversed() const { return reversed_; }

  /// Shows only names that hold this text; all if it is empty.
  void filter_by(std::string text);
  [[nodiscard]] const std::string& filter() const { return filter_; }

  /// Puts the rows in order again after `take` and `remove`.
  void arrange();

  /// The rows shown, in order, as of the last arrangement.
  [[nodiscard]] const std::vector<const TopRow*>& shown() const { return shown_; }

  /// Segments known, shown or not.
  [[nodiscard]] std::size_t size() const { return rows_.size(); }

  /// Of these, how many have something to do about.
  [[nodiscard]] std::size_t count_wrong() const;

  [[nodiscard]] const TopRow* find(std::string_view name) const;

  /// Position of the selected row among those shown; 0 if none is.
  [[nodiscard]] std::size_t selected() const { return selected_; }
  [[nodiscard]] const TopRow* selected_row() const;

  /// Selects a row further down, or up if negative, as far as there are rows. The selection stays
  /// with its segment, wherever that is sorted to.
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
