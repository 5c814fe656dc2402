// SPDX-License-Identifier: Apache-2.0
#include "top/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "evo/clock.hpp"
#include "evo/format.hpp"
#include "evo/text.hpp"
#include "inspect/description.hpp"
#include "text/truncate.hpp"

namespace evo::tools {

namespace {

using Sort = Key::Sort;

constexpr std::ptrdiff_t kFar = std::numeric_limits<std::ptrdiff_t>::max();

/// Number of lines that a key moves by; 0 if it does not move.
std::ptrdiff_t distance_of(Key key, std::size_t page) {
  const auto lines = static_cast<std::ptrdiff_t>(std::max<std::size_t>(page, 1));
  switch (key.sort) {
    case Sort::Up:
      return -1;
    case Sort::Down:
      return 1;
    case Sort::PageUp:
      return -lines;
    case Sort::PageDown:
      return lines;
    case Sort::Home:
      return -kFar;
    case Sort::End:
      return kFar;
    case Sort::Letter:
      return key.letter == 'k' ? -1 : key.letter == 'j' ? 1 : 0;
    default:
      return 0;
  }
}

std::optional<SortKey> sort_key_of(char letter) {
  for (std::size_t i = 0; i < kSortKeyNames.size(); ++i) {
    if (kSortKeyNames[i].front() == letter) return static_cast<SortKey>(i);
  }
  return std::nullopt;
}

}  // namespace

TopSession::TopSession(Domain domain, TopModel& model, TopView view)
    : domain_(std::move(domain)), model_(&model), view_(std::move(view)) {}

bool TopSession::press(Key key) {
  if (view_.typing) {
    press_in_filter(key);
    return true;
  }
  if (key.sort == Sort::Letter && key.letter == ' ') {
    view_.paused = !view_.paused;
  } else if (page_ == Page::Table) {
    return press_in_table(key);
  } else {
    press_in_page(key);
  }
  return true;
}

bool TopSession::press_in_table(Key key) {
  if (const auto by = distance_of(key, room_for_rows(view_.size)); by != 0) {
    model_->move(by);
    return true;
  }
  if (key.sort == Sort::Enter) open_selected();
  if (key.sort != Sort::Letter) return true;
  if (const auto sort_key = sort_key_of(key.letter)) {
    model_->sort_by(*sort_key);
  } else if (key.letter == '/') {
    filter_before_ = model_->filter();
    view_.typing = filter_before_;
  } else if (key.letter == '?' || key.letter == 'h') {
    page_ = Page::Keys;
    page_text_ = key_help();
  }
  return key.letter != 'q';
}

void TopSession::press_in_page(Key key) {
  const std::size_t room = room_for_lines(view_.size);
  if (key.sort == Sort::Escape || key == Key{Sort::Letter, 'q'}) return leave_page();
  const auto by = distance_of(key, room);
  const auto here = static_cast<std::ptrdiff_t>(page_first_);
  const auto last =
      static_cast<std::ptrdiff_t>(page_text_.size() > room ? page_text_.size() - room : 0);
  page_first_ = static_cast<std::size_t>(by < -here ? 0 : by > last - here ? last : here + by);
}

void TopSession::press_in_filter(Key key) {
  switch (key.sort) {
    case Sort::Letter:
      view_.typing->push_back(key.letter);
      break;
    case Sort::Erase:
      if (!view_.typing->empty()) view_.typing->pop_back();
      break;
    case Sort::Enter:
      view_.typing.reset();
      return;
    case Sort::Escape:
      view_.typing.reset();
      model_->filter_by(filter_before_);
      return;
    default:
      return;
  }
  model_->filter_by(*view_.typing);
}

void TopSession::open_selected() {
  const TopRow* row = model_->selected_row();
  if (row == nullptr) return;
  page_ = Page::Segment;
  open_name_ = row->info.name;
  look_at_open();
}

void TopSession::look_at_open() {
  Result<void> looked;
  if (open_) {
    looked = open_->refresh();
  } else if (auto inspected = InspectedSegment::at(domain_, open_name_)) {
    open_.emplace(std::move(*inspected));
  } else {
    looked = tl::unexpected(std::move(inspected.error()));
  }
  if (!looked) {
    // It may reappear.
    open_.reset();
    open_rate_ = {};
    page_text_ = looked.error().code == ErrorCode::NotFound
                     ? std::vector<std::string>{"the segment is gone"}
                     : lines_of(printable(fmt::format("{}", looked.error())));
    return;
  }
  const SegmentInfo& info = open_->info();
  open_rate_.count(info.incarnation, info.sequence, monotonic_ns());
  InspectedValue value;
  if (open_->readable()) value = open_->value();
  page_text_ =
      lines_of(describe(*open_, value, open_rate_.per_second(),
                        {.colours = view_.colours,
                         .width = static_cast<std::size_t>(std::max(view_.size.columns, 1))}));
}

void TopSession::leave_page() {
  page_ = Page::Table;
  page_first_ = 0;
  page_text_.clear();
  open_.reset();
  open_rate_ = {};
}

void TopSession::tick() {
  model_->arrange();
  if (page_ == Page::Segment) look_at_open();
}

std::vector<std::string> TopSession::names_on_screen() const {
  std::vector<std::string> names;
  if (page_ != Page::Table) return names;
  const auto& shown = model_->shown();
  const std::size_t end = std::min(shown.size(), view_.first + room_for_rows(view_.size));
  for (std::size_t i = view_.first; i < end; ++i) names.push_back(shown[i]->info.name);
  return names;
}

std::vector<std::string> TopSession::screen() {
  if (page_ == Page::Table) {
    view_.first = first_row(*model_, view_.size, view_.first);
    return table_screen(*model_, view_);
  }
  TopView view = view_;
  view.first = page_first_;
  return page_screen(page_ == Page::Keys ? "keys" : printable(open_name_), page_text_, view);
}

}  // namespace evo::tools
