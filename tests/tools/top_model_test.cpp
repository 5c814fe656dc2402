// SPDX-License-Identifier: Apache-2.0
/// The pure parts of evo-shm top: rows, order, rates, keys, screens.
#include <gtest/gtest.h>

#include "evo/segment_info.hpp"
#include "text/table.hpp"
#include "text/truncate.hpp"
#include "top/keys.hpp"
#include "top/model.hpp"
#include "top/screen.hpp"

namespace evo::tools {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kSecond = 1'000'000'000;

SegmentInfo segment(std::string name, std::uint64_t sequence = 1) {
  SegmentInfo info;
  info.name = std::move(name);
  info.module = "tester";
  info.writer_state = WriterState::Alive;
  info.writer_pid = 42;
  info.incarnation = 1;
  info.sequence = sequence;
  info.memory = 8192;
  return info;
}

std::string names_of(const TopModel& model) {
  std::string names;
  for (const TopRow* row : model.shown()) names += row->info.name + ' ';
  return names;
}

bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(TopModel, CountsTheRateOfTheLastOneToTwoSeconds) {
  PublishRate rate;
  rate.count(1, 100, kSecond);
  EXPECT_FALSE(rate.per_second());
  rate.count(1, 150, kSecond + kSecond / 2);
  EXPECT_DOUBLE_EQ(*rate.per_second(), 100);
  rate.count(1, 200, 2 * kSecond);
  EXPECT_DOUBLE_EQ(*rate.per_second(), 100);
  // From here on it publishes nothing, and two seconds later the rate is zero.
  rate.count(1, 200, 3 * kSecond);
  EXPECT_DOUBLE_EQ(*rate.per_second(), 50);
  rate.count(1, 200, 4 * kSecond);
  EXPECT_DOUBLE_EQ(*rate.per_second(), 0);
}

TEST(TopModel, ANewWriterHasARateOfItsOwn) {
  PublishRate rate;
  rate.count(1, 100, kSecond);
  rate.count(1, 200, 2 * kSecond);
  rate.count(2, 1000, 3 * kSecond);
  EXPECT_FALSE(rate.per_second());
  rate.count(2, 1010, 4 * kSecond);
  EXPECT_DOUBLE_EQ(*rate.per_second(), 10);
  rate.count(2, 3, 5 * kSecond);
  EXPECT_FALSE(rate.per_second()) << "recreated";
}

TEST(TopModel, SortsByEachKeyAndTheSameKeyReverses) {
  TopModel model;
  for (const std::uint64_t second : {1U, 2U}) {
    SegmentInfo slow = segment("slow", 10 * second);
    slow.age = 5ms;
    SegmentInfo fast = segment("fast", 1000 * second);
    fast.age = 1ms;
    fast.readers.resize(2);
    fast.readers[1].lag = 7;
    SegmentInfo dead = segment("dead", 5);
    dead.writer_state = WriterState::Dead;
    for (const SegmentInfo& info : {slow, fast, dead}) model.take(info, second * kSecond);
  }
  model.arrange();
  EXPECT_EQ(names_of(model), "dead fast slow ");
  model.sort_by(SortKey::Name);
  EXPECT_EQ(names_of(model), "slow fast dead ");
  model.sort_by(SortKey::Rate);
  EXPECT_EQ(names_of(model), "fast slow dead ");
  model.sort_by(SortKey::Rate);
  EXPECT_EQ(names_of(model), "dead slow fast ");
  model.sort_by(SortKey::Age);
  EXPECT_EQ(names_of(model), "slow fast dead ");
  model.sort_by(SortKey::State);
  EXPECT_EQ(names_of(model), "dead fast slow ");
  model.sort_by(SortKey::Lag);
  EXPECT_EQ(names_of(model), "fast dead slow ");
}

TEST(TopModel, TheSelectionStaysWithItsSegment) {
  TopModel model;
  for (const char* name : {"b", "d", "f"}) model.take(segment(name), kSecond);
  model.arrange();
  model.move(1);
  EXPECT_EQ(model.selected_row()->info.name, "d");
  model.take(segment("a"), kSecond);
  model.arrange();
  EXPECT_EQ(model.selected_row()->info.name, "d");
  EXPECT_EQ(model.selected(), 2U);
  model.remove("d");
  EXPECT_EQ(names_of(model), "a b f ") << "no pointer to a removed row";
  model.arrange();
  EXPECT_EQ(model.selected_row()->info.name, "f") << "the next row takes its place";
  model.move(std::numeric_limits<std::ptrdiff_t>::max());
  EXPECT_EQ(model.selected(), 2U);
  model.move(-std::numeric_limits<std::ptrdiff_t>::max());
  EXPECT_EQ(model.selected(), 0U);
}

TEST(TopModel, TheFilterShowsWhatHoldsIt) {
  TopModel model;
  for (const char* name : {"axis_x", "axis_y", "pump"}) model.take(segment(name), kSecond);
  model.filter_by("xis_");
  EXPECT_EQ(names_of(model), "axis_x axis_y ");
  EXPECT_EQ(model.size(), 3U);
  model.filter_by("none");
  EXPECT_EQ(model.selected_row(), nullptr);
  model.move(1);
  model.filter_by("");
  EXPECT_EQ(model.shown().size(), 3U);
}

TEST(TopKeys, AreTakenFromWholeAndFromSplitSequences) {
  using Sort = Key::Sort;
  KeyParser parser;
  EXPECT_EQ(parser.take("q\x1b[A\r"),
            (std::vector<Key>{{Sort::Letter, 'q'}, {Sort::Up}, {Sort::Enter}}));
  EXPECT_TRUE(parser.take("\x1b").empty());
  EXPECT_TRUE(parser.waits());
  EXPECT_TRUE(parser.take("[6").empty());
  EXPECT_EQ(parser.take("~"), (std::vector<Key>{{Sort::PageDown}}));
  EXPECT_FALSE(parser.waits());
  EXPECT_TRUE(parser.take("\x1b[15;2~").empty()) << "some function key";
  EXPECT_EQ(parser.take("\x7f"), (std::vector<Key>{{Sort::Erase}}));
}

TEST(TopKeys, AnEscapeThatNothingFollowsIsTheKey) {
  using Sort = Key::Sort;
  KeyParser parser;
  EXPECT_TRUE(parser.take("\x1b").empty());
  EXPECT_EQ(parser.end_wait(), (std::vector<Key>{{Sort::Escape}}));
  EXPECT_TRUE(parser.end_wait().empty());
  EXPECT_EQ(parser.take("\x1bq"), (std::vector<Key>{{Sort::Escape}, {Sort::Letter, 'q'}}));
  EXPECT_TRUE(parser.take("\x1b\x1b").size() == 1 && parser.waits());
}

TEST(TopScreen, HasAsManyLinesAsTheTerminalAndNoneIsWider) {
  TopModel model;
  for (int i = 0; i < 50; ++i) model.take(segment("segment_" + std::to_string(i)), kSecond);
  model.arrange();
  for (const int columns : {1, 20, 80, 200}) {
    for (const int rows : {1, 2, 3, 24}) {
      for (const bool colours : {false, true}) {
        const TopView view{.size = {columns, rows}, .colours = colours, .domain = "/x"};
        for (const auto& lines : {table_screen(model, view), page_screen("a", key_help(), view)}) {
          EXPECT_EQ(lines.size(), static_cast<std::size_t>(rows));
          for (const std::string& line : lines) {
            EXPECT_LE(width_of(line), static_cast<std::size_t>(columns)) << line;
          }
        }
      }
    }
  }
}

TEST(TopScreen, ScrollsNoFurtherThanTheSelectionAsks) {
  TopModel model;
  for (char name = 'a'; name <= 'z'; ++name) model.take(segment(std::string(1, name)), kSecond);
  model.arrange();
  const TerminalSize size{80, 13};
  ASSERT_EQ(room_for_rows(size), 10U);
  EXPECT_EQ(first_row(model, size, 0), 0U);
  model.move(9);
  EXPECT_EQ(first_row(model, size, 0), 0U);
  model.move(1);
  EXPECT_EQ(first_row(model, size, 0), 1U);
  model.move(-5);
  EXPECT_EQ(first_row(model, size, 1), 1U);
  model.move(-5);
  EXPECT_EQ(first_row(model, size, 1), 0U);
  model.move(25);
  EXPECT_EQ(first_row(model, size, 0), 16U);
  model.filter_by("z");
  EXPECT_EQ(first_row(model, size, 16), 0U);
}

TEST(TopScreen, ShowsStateInItsColourAgeAgainstItsLimitAndTheGreatestLag) {
  TopModel model;
  SegmentInfo info = segment("pump");
  info.writer_state = WriterState::Dead;
  info.age = 1200us;
  info.layout.max_age_ns = 100'000'000;
  info.readers.resize(3);
  info.readers[0].lag = 2;
  info.readers[2].lag = 5;
  model.take(info, kSecond);
  model.arrange();
  TopView view{.size = {120, 10}, .colours = true, .domain = "/x"};
  const std::string row = table_screen(model, view)[2];
  EXPECT_TRUE(holds(row, "\x1b[31mdead\x1b[0m")) << row;
  EXPECT_TRUE(holds(row, "1.2 ms / 100 ms")) << row;
  EXPECT_TRUE(holds(row, "      3     5     8 KiB")) << row;
  EXPECT_TRUE(holds(table_screen(model, view)[0], "\x1b[31m1 wrong\x1b[0m; by name"));
  view.colours = false;
  EXPECT_TRUE(table_screen(model, view)[2].starts_with("> pump "));
}

TEST(TopScreen, NoNameSteersTheTerminal) {
  EXPECT_EQ(truncated("a\x1b[2Jb\tc", 20), "a?[2Jb?c");
  EXPECT_EQ(truncated("\x1b[31mlong\x1b[0m", 2), "\x1b[31mlo\x1b[0m");
  EXPECT_EQ(truncated("äöü", 2), "äö");
}

}  // namespace
}  // namespace evo::tools
