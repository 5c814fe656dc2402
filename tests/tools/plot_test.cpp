// SPDX-License-Identifier: Apache-2.0
/// evo-shm plot: its pure functions, and its answers.
#include <alarm.evo.hpp>
#include <gantry.evo.hpp>
#include <nlohmann/json.hpp>

#include <bit>
#include <cmath>
#include <random>

#include "evo/clock.hpp"
#include "plot/braille.hpp"
#include "plot/chart.hpp"
#include "plot/series.hpp"
#include "plot/ticks.hpp"
#include "plot/time_axis.hpp"
#include "program.hpp"
#include "pseudo_terminal.hpp"
#include "text/wrap.hpp"
#include "tool.hpp"

namespace evo::test {
namespace {

using namespace tools;
using gantry::GantryWriter;

std::string labels_of(const Ticks& ticks) {
  std::string labels;
  for (int i = 0; i < ticks.count; ++i) labels += ticks.label(i) + ' ';
  return labels;
}

TEST(PlotTicks, AreRoundNumbersWithinTheRange) {
  EXPECT_EQ(labels_of(ticks_between(0, 10, 5)), "0 5 10 ");
  EXPECT_EQ(labels_of(ticks_between(-0.3, 0.3, 4)), "-0.2 0.0 0.2 ");
  EXPECT_EQ(labels_of(ticks_between(1000.1, 1000.2, 4)), "1000.10 1000.15 1000.20 ");
  EXPECT_EQ(labels_of(ticks_between(0, 3e9, 4)), "0 1e+09 2e+09 3e+09 ");
  EXPECT_EQ(ticks_between(5, 5, 4).count, 1);
}

TEST(PlotSeries, KeepsWhatALineNeedsOfEachPiece) {
  Series series("a", "mm", Series::kPieces);  // a piece is a second
  for (const double value : {3.0, 1.0, 2.0, 9.0, 5.0}) {
    series.add(0.1 * value, value);  // out of order, but within the piece
  }
  EXPECT_EQ(series.points().front().value, 3);
  EXPECT_EQ(series.points().back().value, 5);
  ASSERT_EQ(series.points().size(), 4U);
  EXPECT_EQ(series.points()[1].value, 1) << "the least";
  EXPECT_EQ(series.points()[2].value, 9) << "the greatest";
  series.add(7, NAN);
  series.add(7, 1.7e308);
  EXPECT_EQ(series.left_out(), 2U) << "its difference from another value may be infinite";
  series.add(7, 1);
  series.add(8, 2);
  series.forget_before(7.5);
  EXPECT_EQ(series.points().front(), (PlotPoint{7, 1})) << "one piece before the edge stays";
  EXPECT_EQ(series.name(), "a [mm]");
}

/// Any double, with all exponents equally likely: subnormal ones, infinities and NaN, too.
double any_double(std::mt19937_64& random) {
  return std::bit_cast<double>(random());
}

TEST(PlotTicks, AreFewBetweenAnyTwoNumbers) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 10000; ++i) {
    const double least = any_double(random);
    // Every second range spans only a few adjacent doubles.
    const double greatest = i % 2 == 0 ? any_double(random) : std::nextafter(least, HUGE_VAL);
    const int most = 1 + i % 12;
    const Ticks ticks = ticks_between(least, greatest, most);
    ASSERT_LE(ticks.count, most) << least << ' ' << greatest;
    ASSERT_GE(ticks.count, 0) << least << ' ' << greatest;
    static_cast<void>(labels_of(ticks));
  }
}

TEST(PlotSeries, AnyNumbersCanBeDrawn) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 500; ++i) {
    Plot plot;
    plot.to_s = 10;
    Series& series = plot.series.emplace_back("x", "", 10.0);
    const double value = any_double(random);
    series.add(1, i % 3 == 0 ? 5e-324 : value);
    series.add(2, i % 2 == 0 ? any_double(random) : std::nextafter(value, 0));
    const auto lines = chart_lines(plot, {60, 16}, false);
    ASSERT_EQ(lines.size(), 16U);
    const std::string svg = chart_svg(plot);
    ASSERT_EQ(svg.find("nan"), std::string::npos) << value << '\n' << svg;
    ASSERT_EQ(svg.find("inf"), std::string::npos) << value << '\n' << svg;
  }
}

TEST(PlotSeries, TimesThatJumpCostNoMemory) {
  Series series("a", "mm", Series::kPieces);
  for (int i = 0; i < 10'000; ++i) series.add(i % 2 == 0 ? 1'000 : i % 900, i);
  EXPECT_LE(series.points().size(), 8U);
}

TEST(PlotBraille, SetsTheDotsOfEachCharacter) {
  BrailleCanvas canvas(2, 1);
  canvas.set(0, 0, 0);
  canvas.set(3, 3, 0);
  canvas.set(4, 0, 0);
  canvas.set(0, -1, 0);
  EXPECT_EQ(canvas.row(0, false), "⠁⢀");
  Pen red{.colour = 31};
  canvas.line(0, 3, 3, 0, red);
  EXPECT_EQ(canvas.row(0, true), "\x1b[31m⡡⢊\x1b[0m");
}

TEST(PlotBraille, DashesGoOnFromLineToLine) {
  BrailleCanvas canvas(4, 1);
  Pen dashes{.pattern = 0x0f0f};
  canvas.line(0, 3, 2, 3, dashes);
  canvas.line(2, 3, 2, 3, dashes);
  canvas.line(2, 3, 7, 3, dashes);
  EXPECT_EQ(canvas.row(0, false), "⣀⣀  ");
}

Plot states(std::vector<double> values) {
  Plot plot;
  plot.title = "probe";
  plot.to_s = 10;
  plot.series.emplace_back("mode", "", 10.0,
                           std::vector<ValueName>{{0, "Idle"}, {1, "Running"}, {2, "Fault"}});
  double seconds = 0;
  for (const double value : values) plot.series[0].add(seconds++, value);
  return plot;
}

std::string text_of(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + '\n';
  return text;
}

TEST(PlotAxis, BearsTheNamesOfEnumerators) {
  const Plot plot = states({0, 1});
  const std::string text = text_of(chart_lines(plot, {60, 16}, false));
  EXPECT_NE(text.find("Running┤"), std::string::npos) << text;
  EXPECT_NE(text.find("   Idle┤"), std::string::npos) << text;
  EXPECT_EQ(text.find("Fault"), std::string::npos) << "not in the range\n" << text;
  EXPECT_NE(text.find("mode: min Idle, max Running, last Running"), std::string::npos) << text;
  const std::string svg = chart_svg(plot);
  EXPECT_NE(svg.find(">Running</text>"), std::string::npos) << svg;
  EXPECT_EQ(svg.find(">0.5</text>"), std::string::npos) << svg;
}

TEST(PlotAxis, AConstantEnumeratorStandsInTheMiddle) {
  const ValueRange range = value_range(states({1, 1}));
  EXPECT_EQ(range.least, 0.5);
  EXPECT_EQ(range.greatest, 1.5);
}

TEST(PlotAxis, NumbersStandNextToDifferentNames) {
  Plot plot = states({0, 2});
  plot.series.emplace_back("cycle", "", 10.0);
  plot.series[1].add(1, 7);
  EXPECT_TRUE(common_names(plot).empty());
  EXPECT_EQ(text_of(chart_lines(plot, {60, 16}, false)).find("Fault┤"), std::string::npos);
}

TEST(PlotAxis, ShowsTimesInEachStyle) {
  ::setenv("TZ", "ZZZ-1", 1);
  ::tzset();
  Plot plot = states({0, 1});
  plot.start_ns = monotonic_ns();
  plot.first_s = 2;
  const auto labels = [&](std::optional<TimeStyle> style) {
    plot.time = style;
    std::string text;
    for (const TimeLabel& label : time_labels(plot, 6)) {
      EXPECT_GE(label.seconds, -1e-6);
      EXPECT_LE(label.seconds, 10 + 1e-6);
      text += label.text + ' ';
    }
    return text;
  };
  EXPECT_EQ(labels(std::nullopt), "-10 -8 -6 -4 -2 0 ");
  EXPECT_EQ(labels(TimeStyle::Relative), "-2 0 2 4 6 8 ");
  const std::string monotonic = labels(TimeStyle::Monotonic);
  const double start_s = static_cast<double>(plot.start_ns) / 1e9;
  EXPECT_GE(std::stod(monotonic), start_s - 1e-3);
  EXPECT_LE(std::stod(monotonic), start_s + 2);
  const std::string wall = labels(TimeStyle::Wall);
  EXPECT_TRUE(std::regex_match(wall, std::regex(R"((\d\d:\d\d:\d\d ){5,6})"))) << wall;
  const std::string now = iso_8601(realtime_of(plot.start_ns));
  const auto seconds_of = [](const std::string& minutes) {
    return std::stod(minutes.substr(0, 2)) * 60 + std::stod(minutes.substr(3, 2));
  };
  // The first label is at most two seconds after the start, even across the hour.
  const double after = seconds_of(wall.substr(3)) - seconds_of(now.substr(14));
  EXPECT_LE(std::fmod(after + 3601, 3600), 4) << wall << now;
  ::unsetenv("TZ");
  ::tzset();
}

Plot two_waves() {
  Plot plot;
  plot.title = "gantry";
  plot.seen = "100 of 100 publishes seen";
  plot.to_s = 10;
  plot.caption = "drawn on cell at 2026-11-21T17:30:00.000000+01:00";
  plot.series.emplace_back("sine", "mm", 10.0);
  plot.series.emplace_back("a < b & c", "mm", 10.0);
  for (int i = 0; i <= 100; ++i) {
    plot.series[0].add(i / 10.0, 100 * std::sin(i / 100.0 * 6.2832));
    plot.series[1].add(i / 10.0, i - 50.0);
  }
  return plot;
}

class PlotCommand : public ToolTest {};

TEST_F(PlotCommand, DrawsAxesLinesAndLegend) {
  std::string text;
  const auto lines = chart_lines(two_waves(), {70, 20}, false);
  EXPECT_EQ(lines.size(), 20U);
  for (const std::string& line : lines) {
    EXPECT_LE(width_of(line), 70U);
    text += line + '\n';
  }
  expect_golden("plot.txt", text);
  for (const std::string& line : chart_lines(two_waves(), {5, 3}, true)) {
    EXPECT_LE(width_of(line), 5U) << "the terminal is too small";
  }
}

TEST_F(PlotCommand, DrawsAnSvgThatNeedsNothingElse) {
  expect_golden("plot.svg", chart_svg(two_waves()));
}

TEST_F(PlotCommand, PrintsOnePlotWhereThereIsNoTerminal) {
  auto writer = GantryWriter::create({.domain = domain()}).value();
  writer.write({.cycle = 7, .power = gantry::Power::Vacuum});
  const ToolAnswer answer = run({"plot", "--field", "power", "--field", "temperatures", "--for",
                                 "50ms", "--interval", "1ms", "gantry"});
  EXPECT_EQ(answer.code, 0) << answer.err;
  EXPECT_NE(answer.out.find("⣀⣀⣀⣀ power: min 4, max 4, last 4\n"), std::string::npos)
      << "flags are numbers\n"
      << answer.out;
  EXPECT_NE(answer.out.find("⣀ ⣀ ⣀ ⣀  temperatures[3] [°C]: min 0"), std::string::npos)
      << answer.out;
  EXPECT_NE(answer.out.find("1 of 1 publishes seen\n"), std::string::npos) << answer.out;
}

TEST_F(PlotCommand, WritesAnSvgOrSaysWhyNot) {
  auto writer = GantryWriter::create({.domain = domain()}).value();
  writer.write({.cycle = 7});
  const auto file = directory_.path() / "plot.svg";
  const std::vector<std::string> plot{"plot",  "gantry", "--field", "axes[0].position",
                                      "--for", "20ms",   "--svg"};
  auto arguments = plot;
  arguments.push_back(file.string());
  const ToolAnswer written = run(arguments);
  EXPECT_EQ(written.code, 0) << written.err;
  std::ifstream stream(file);
  const std::string svg{std::istreambuf_iterator<char>(stream), {}};
  EXPECT_TRUE(svg.starts_with("<svg ")) << svg;
  EXPECT_NE(svg.find(">axes[0].position [mm]</text>"), std::string::npos);
  EXPECT_TRUE(
      std::regex_search(svg, std::regex(R"(>drawn on \S+ at \d{4}-\d\d-\d\dT[^<]+</text>)")))
      << svg;
  const auto files = directory_.files();

  arguments.back() = "-";
  const ToolAnswer printed = run(arguments);
  EXPECT_TRUE(printed.out.starts_with("<svg ") && printed.out.ends_with("</svg>\n")) << printed.out;

  arguments.back() = (directory_.path() / "missing" / "plot.svg").string();
  const ToolAnswer refused = run(arguments);
  EXPECT_NE(refused.code, 0);
  EXPECT_EQ(refused.out, "");
  EXPECT_NE(refused.err.find("cannot write '"), std::string::npos) << refused.err;
  EXPECT_NE(refused.err.find("name a file in a directory"), std::string::npos) << refused.err;
  EXPECT_EQ(directory_.files(), files) << "nothing is left behind";
}

TEST_F(PlotCommand, PrintsEverySampleOfAStreamAsJson) {
  auto writer = AlarmWriter::create({.domain = domain()}).value();
  writer.push({.code = 0});
  // A long duration: the test ends it when it has seen enough.
  Program plot(EVO_SHM, {"--domain", directory_.path().string(), "--format", "json", "plot",
                         "alarm", "--field", "code", "--for", "600s"});
  for (int code = 0; code < 20; ++code) {
    const auto line = plot.next_line();
    ASSERT_TRUE(line);
    auto sample = nlohmann::json::parse(*line);
    EXPECT_EQ(sample["values"]["code"], code);
    EXPECT_EQ(sample["sequence"], code + 1);
    writer.push({.code = static_cast<std::uint32_t>(code) + 1});
  }
}

TEST_F(PlotCommand, NumbersInJsonAreThoseOfTheFields) {
  auto writer = GantryWriter::create({.domain = domain()}).value();
  writer.write({.cycle = 9'007'199'254'740'993,
                .axes = {{{.position = NAN, .homed = true}}},
                .temperatures = {1, 2}});
  const ToolAnswer answer = run({"--format", "json", "plot", "gantry", "--field", "cycle",
                                 "--field", "axes[0]", "--field", "temperatures", "--for", "20ms"});
  EXPECT_EQ(answer.code, 0) << answer.err;
  EXPECT_NE(answer.out.find(R"("values":{"cycle":9007199254740993,"axes[0].position":"nan",)"
                            R"("axes[0].velocity":0,"axes[0].state":"Idle","axes[0].homed":true,)"
                            R"("temperatures[0]":1,"temperatures[1]":2,)"),
            std::string::npos)
      << answer.out;
}

TEST_F(PlotCommand, WithJsonAnSvgIsWrittenAndSaid) {
  auto writer = GantryWriter::create({.domain = domain()}).value();
  writer.write({.cycle = 7});
  const auto file = directory_.path() / "plot.svg";
  const ToolAnswer answer = run({"--format", "json", "plot", "gantry", "--field", "cycle", "--for",
                                 "20ms", "--svg", file.string()});
  EXPECT_EQ(answer.code, 0) << answer.err;
  EXPECT_TRUE(std::filesystem::exists(file));
  const auto document = nlohmann::json::parse(answer.out, nullptr, false);
  EXPECT_EQ(document.value("file", ""), file.string()) << answer.out;
  EXPECT_EQ(document.value("seen", 0), 1) << answer.out;
  EXPECT_EQ(document.value("published", 0), 1) << answer.out;
}

TEST_F(PlotCommand, WritesEveryValueAsCsv) {
  auto writer = AlarmWriter::create({.domain = domain()}).value();
  for (std::uint32_t code = 1; code <= 3; ++code) ASSERT_TRUE(writer.push({.code = code}));
  const auto file = directory_.path() / "plot.csv";
  std::vector<std::string> plot{"plot",  "alarm", "--field", "code",     "--field", "level",
                                "--for", "20ms",  "--time",  "relative", "--csv",   file.string()};
  const ToolAnswer written = run(plot);
  EXPECT_EQ(written.code, 0) << written.err;
  EXPECT_NE(written.out.find("publishes seen"), std::string::npos) << written.out;
  std::ifstream stream(file);
  const std::string csv{std::istreambuf_iterator<char>(stream), {}};
  EXPECT_EQ(csv, "time,code,level\n0.000000,3,0\n") << "starting with the last value";
  plot.back() = "-";
  EXPECT_EQ(run(plot).out, csv);
  plot.insert(plot.end(), {"--svg", "-"});
  EXPECT_EQ(run(plot).code, 2);
}

TEST_F(PlotCommand, DrawsSeveralSegmentsInOne) {
  auto gantry = GantryWriter::create({.domain = domain()}).value();
  auto alarm = AlarmWriter::create({.domain = domain()}).value();
  gantry.write({.cycle = 7, .axes = {{{.state = gantry::AxisState::Moving}}}});
  ASSERT_TRUE(alarm.push({.code = 5}));
  const ToolAnswer answer =
      run({"plot", "gantry", "--field", "cycle", "--field", "alarm:code", "--for", "20ms"});
  EXPECT_EQ(answer.code, 0) << answer.err;
  EXPECT_TRUE(answer.out.starts_with("gantry, alarm\n")) << answer.out;
  EXPECT_NE(answer.out.find("gantry:cycle: min 7"), std::string::npos) << answer.out;
  EXPECT_NE(answer.out.find("alarm:code: min 5"), std::string::npos) << answer.out;
  EXPECT_NE(answer.out.find("2 of 2 publishes seen"), std::string::npos) << answer.out;
  const ToolAnswer csv = run({"plot", "--field", "gantry:axes[0].state", "--field", "alarm:code",
                              "--for", "20ms", "--csv", "-"});
  EXPECT_EQ(std::regex_replace(csv.out, std::regex(R"(\d+\.\d{6})"), "TIME"),
            "time,gantry:axes[0].state,alarm:code\nTIME,Moving,\nTIME,,5\n");
  const ToolAnswer documents = run({"plot", "--field", "gantry:cycle", "--field", "alarm:code",
                                    "--for", "20ms", "--format", "json", "--time", "wall"});
  EXPECT_NE(documents.out.find(R"({"segment":"alarm","sequence":1,)"), std::string::npos)
      << documents.out;
  EXPECT_NE(documents.out.find(R"("time":"20)"), std::string::npos) << documents.out;
}

TEST_F(PlotCommand, RefusesWhatItCannotDraw) {
  auto writer = GantryWriter::create({.domain = domain()}).value();
  EXPECT_EQ(run({"plot", "gantry"}).code, 2);
  EXPECT_EQ(run({"plot", "gantry", "--field", "cycle", "--window", "0s"}).code, 2);
  EXPECT_EQ(run({"plot", "gantri", "--field", "cycle"}).code, 3);
  EXPECT_EQ(run({"plot", "--field", "cycle"}).code, 2);
  EXPECT_EQ(run({"plot", "gantry", "--field", "probe:cycle"}).code, 2)
      << "not a field of the gantry";
  EXPECT_EQ(run({"plot", "gantry", "--field", "cycle", "--time", "x"}).code, 2);
  const ToolAnswer mistyped = run({"plot", "gantry", "--field", "cycl"});
  EXPECT_EQ(mistyped.code, 3);
  EXPECT_NE(mistyped.err.find("cycle"), std::string::npos) << mistyped.err;
}

TEST_F(PlotCommand, RedrawsInATerminalAndLeavesItsLastPlot) {
  auto writer = GantryWriter::create({.domain = domain()}).value();
  writer.write({.cycle = 11});
  PseudoTerminal terminal(EVO_SHM, {"--domain", directory_.path().string(), "plot", "gantry",
                                    "--field", "cycle", "--window", "60s"});
  ASSERT_TRUE(terminal.shows("last 11")) << terminal.output();
  writer.write({.cycle = 44});
  EXPECT_TRUE(terminal.shows("min 11, max 44, last 44")) << terminal.screen();
  terminal.type("q");
  EXPECT_EQ(terminal.join(), 0);
  EXPECT_TRUE(terminal.screen_was_left());
  EXPECT_TRUE(terminal.is_as_before());
  const std::size_t left = terminal.output().rfind("\x1b[?1049l");
  EXPECT_NE(terminal.output().find("last 44", left), std::string::npos);
}

}  // namespace
}  // namespace evo::test
