/// evo-shm plot: its parts that only compute, and its answers.
#include <alarm.evo.hpp>
#include <gantry.evo.hpp>
#include <nlohmann/json.hpp>

#include <cmath>

#include "plot/braille.hpp"
#include "plot/chart.hpp"
#include "plot/series.hpp"
#include "plot/ticks.hpp"
#include "program.hpp"
#include "pseudo_terminal.hpp"
#include "text/table.hpp"
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
    series.add(0.1 * value, value);  // in no order, but within the piece
  }
  EXPECT_EQ(series.points().front().value, 3);
  EXPECT_EQ(series.points().back().value, 5);
  ASSERT_EQ(series.points().size(), 4U);
  EXPECT_EQ(series.points()[1].value, 1) << "the least";
  EXPECT_EQ(series.points()[2].value, 9) << "the greatest";
  series.add(7, NAN);
  EXPECT_EQ(series.not_finite(), 1U);
  series.add(7, 1);
  series.add(8, 2);
  series.forget_before(7.5);
  EXPECT_EQ(series.points().front(), (PlotPoint{7, 1})) << "one piece before the edge stays";
  EXPECT_EQ(series.name(), "a [mm]");
}

TEST(PlotBraille, SetsTheDotsOfEachCharacter) {
  BrailleCanvas canvas(2, 1);
  canvas.set(0, 0, 0);
  canvas.set(3, 3, 0);
  canvas.set(4, 0, 0);
  canvas.set(0, -1, 0);
  EXPECT_EQ(canvas.row(0, false), "⠁⢀");
  canvas.line(0, 3, 3, 0, 31);
  EXPECT_EQ(canvas.row(0, true), "\x1b[31m⡡⢊\x1b[0m");
}

Plot two_waves() {
  Plot plot{.title = "gantry",
            .seen = "100 of 100 publishes seen",
            .from_s = 0,
            .to_s = 10,
            .series = {}};
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
    EXPECT_LE(width_of(line), 5U) << "too small a terminal";
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
  EXPECT_NE(answer.out.find("⣀⣀ power: min 4, max 4, last 4\n"), std::string::npos) << answer.out;
  EXPECT_NE(answer.out.find("⣀⣀ temperatures[3] [°C]: min 0"), std::string::npos) << answer.out;
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
  // For long: the test ends it when it has seen enough.
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

TEST_F(PlotCommand, RefusesWhatItCannotDraw) {
  auto writer = GantryWriter::create({.domain = domain()}).value();
  EXPECT_EQ(run({"plot", "gantry"}).code, 2);
  EXPECT_EQ(run({"plot", "gantry", "--field", "cycle", "--window", "0s"}).code, 2);
  EXPECT_EQ(run({"plot", "gantri", "--field", "cycle"}).code, 3);
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
