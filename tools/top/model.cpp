// SPDX-License-Identifier: Apache-2.0
#include "top/model.hpp"

#include <algorithm>

#include "inspect/labels.hpp"

namespace evo::tools {

namespace {

constexpr std::uint64_t kMarkEveryNs = 1'000'000'000;

/// The order of states: segments that need attention come first.
int urgency(const SegmentInfo& info) {
  if (info.condition == SegmentCondition::Unfinished) return 3;
  if (info.condition == SegmentCondition::Closed) return 4;
  if (info.writer_state == WriterState::Dead) return 1;
  if (info.condition != SegmentCondition::Sound) return 0;
  if (info.freshness == Freshness::Stale) return 2;
  return info.writer_state == WriterState::Closed ? 4 : 5;
}

}  // namespace

void PublishRate::count(std::uint64_t incarnation, std::uint64_t sequence, std::uint64_t now_ns) {
  // A successor continues the count, or begins at one. In both cases, the time between the two
  // writers says nothing about its rate.
  if (!from_ || incarnation != incarnation_ || sequence < from_->sequence ||
      now_ns < next_from_.ns) {
    incarnation_ = incarnation;
    from_ = next_from_ = {sequence, now_ns};
    per_second_.reset();
    return;
  }
  if (now_ns == from_->ns) return;
  per_second_ = static_cast<double>(sequence - from_->sequence) * 1e9 /
                static_cast<double>(now_ns - from_->ns);
  if (now_ns - next_from_.ns >= kMarkEveryNs) {
    from_ = next_from_;
    next_from_ = {sequence, now_ns};
  }
}

std::optional<std::uint64_t> TopRow::greatest_lag() const {
  std::optional<std::uint64_t> greatest;
  for (const AttachedReader& reader : info.readers) greatest = std::max(greatest, reader.lag);
  return greatest;
}

void TopModel::take(const SegmentInfo& info, std::uint64_t now_ns) {
  TopRow& row = rows_[info.name];
  row.info = info;
  row.looked_ns = now_ns;
  // A dead writer publishes nothing, whatever it did in the second before.
  if (info.condition == SegmentCondition::Sound && info.writer_state == WriterState::Alive) {
    row.rate.count(info.incarnation, info.sequence, now_ns);
  } else {
    row.rate = {};
  }
}

void TopModel::remove(std::string_view name) {
  const auto found = rows_.find(name);
  if (found == rows_.end()) return;
  std::erase(shown_, &found->second);
  rows_.erase(found);
}

void TopModel::sort_by(SortKey key) {
  reversed_ = key == sort_key_ && !reversed_;
  sort_key_ = key;
  arrange();
}

void TopModel::filter_by(std::string text) {
  filter_ = std::move(text);
  arrange();
}

bool TopModel::comes_before(const TopRow& left, const TopRow& right) const {
  const auto decide = [&](const auto& a, const auto& b) -> std::optional<bool> {
    if (a == b) return std::nullopt;
    return reversed_ ? a < b : b < a;
  };
  std::optional<bool> decided;
  switch (sort_key_) {
    case SortKey::Name:
      return reversed_ ? right.info.name < left.info.name : left.info.name < right.info.name;
    case SortKey::Rate:
      decided = decide(left.rate.per_second(), right.rate.per_second());
      break;
    case SortKey::Age:
      decided = decide(left.info.age, right.info.age);
      break;
    case SortKey::State:
      decided = decide(-urgency(left.info), -urgency(right.info));
      break;
    case SortKey::Lag:
      decided = decide(left.greatest_lag(), right.greatest_lag());
      break;
  }
  return decided ? *decided : left.info.name < right.info.name;
}

void TopModel::arrange() {
  shown_.clear();
  for (const auto& [name, row] : rows_) {
    if (name.find(filter_) != std::string::npos) shown_.push_back(&row);
  }
  // The map is already in name order.
  if (sort_key_ != SortKey::Name || reversed_) {
    std::sort(shown_.begin(), shown_.end(),
              [&](const TopRow* left, const TopRow* right) { return comes_before(*left, *right); });
  }
  const auto found = std::find_if(shown_.begin(), shown_.end(), [&](const TopRow* row) {
    return row->info.name == selected_name_;
  });
  select(found != shown_.end() ? static_cast<std::size_t>(found - shown_.begin()) : selected_);
}

std::size_t TopModel::count_wrong() const {
  return static_cast<std::size_t>(std::count_if(
      rows_.begin(), rows_.end(), [](const auto& entry) { return is_wrong(entry.second.info); }));
}

const TopRow* TopModel::find(std::string_view name) const {
  const auto found = rows_.find(name);
  return found == rows_.end() ? nullptr : &found->second;
}

const TopRow* TopModel::selected_row() const {
  return selected_ < shown_.size() ? shown_[selected_] : nullptr;
}

void TopModel::select(std::size_t position) {
  selected_ = shown_.empty() ? 0 : std::min(position, shown_.size() - 1);
  selected_name_ = shown_.empty() ? "" : shown_[selected_]->info.name;
}

void TopModel::move(std::ptrdiff_t by) {
  const auto last = static_cast<std::ptrdiff_t>(shown_.size()) - 1;
  if (last < 0) return;
  // Compared before it is added: PageUp may pass the smallest number.
  const auto here = static_cast<std::ptrdiff_t>(selected_);
  const std::ptrdiff_t there = by < -here ? 0 : by > last - here ? last : here + by;
  select(static_cast<std::size_t>(there));
}

}  // namespace evo::tools
