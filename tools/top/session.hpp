// SPDX-License-Identifier: Apache-2.0
/// Connects the keys and the screen of `top`: what is shown, and what each key does.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "evo/domain.hpp"
#include "inspect/inspected_segment.hpp"
#include "top/keys.hpp"
#include "top/model.hpp"
#include "top/screen.hpp"

namespace evo::tools {

class TopSession {
 public:
  /// The model must outlive it.
  TopSession(Domain domain, TopModel& model, TopView view);

  /// Executes a key. False: the user wants to quit.
  [[nodiscard]] bool press(Key key);

  void resize(TerminalSize size) { view_.size = size; }

  /// Updates the display from the model; inspects an open segment again.
  void tick();

  [[nodiscard]] bool paused() const { return view_.paused; }

  /// Names of the rows on the screen.
  [[nodiscard]] std::vector<std::string> names_on_screen() const;

  /// Exactly as many lines as the screen has.
  [[nodiscard]] std::vector<std::string> screen();

 private:
  enum class Page : std::uint8_t { Table, Segment, Keys };

  [[nodiscard]] bool press_in_table(Key key);
  void press_in_page(Key key);
  void press_in_filter(Key key);
  void open_selected();
  void look_at_open();
  void leave_page();

  Domain domain_;
  TopModel* model_;
  TopView view_;
  Page page_ = Page::Table;
  std::size_t page_first_ = 0;  // line of the page at the top of the screen
  std::vector<std::string> page_text_;
  std::string filter_before_;  // restored if the input is cancelled
  std::string open_name_;
  std::optional<InspectedSegment> open_;
  PublishRate open_rate_;
};

}  // namespace evo::tools
