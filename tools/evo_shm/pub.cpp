// SPDX-License-Identifier: Apache-2.0
/// `evo-shm pub SCHEMA.fbs SEGMENT [field=value ...]`: acts as the writer of a segment, from its
/// schema file alone.
#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "command.hpp"
#include "decode/scalar.hpp"
#include "evo/format.hpp"
#include "inspect/labels.hpp"
#include "repair/assignment.hpp"
#include "stub/declared_segment.hpp"
#include "stub/player.hpp"
#include "stub/row_source.hpp"
#include "text/duration.hpp"
#include "text/terminal.hpp"

namespace evo::tools {

namespace {

/// A faster rate could not be kept.
constexpr double kFastestRate = 1e6;

struct PubOptions {
  std::string schema;
  std::string segment;
  std::vector<std::string> assignments;
  std::vector<std::string> includes;
  std::optional<double> rate;
  std::string duration = "0s";
  std::vector<std::string> ramps;
  std::string csv;
  bool out_of_range = false;
  bool dry_run = false;

  /// nullopt: no end was requested.
  [[nodiscard]] std::optional<std::uint64_t> span_ns() const {
    const auto span = parse_duration(duration)->count();
    return span == 0 ? std::nullopt : std::optional(static_cast<std::uint64_t>(span));
  }
};

CLI::Validator rate_validator() {
  return CLI::Validator(
      [](const std::string& text) -> std::string {
        const auto rate = parse_number<double>(text);
        return rate && *rate > 0 && *rate <= kFastestRate
                   ? ""
                   : "'" + text + "' is not a rate; write a number of Hz up to 1000000";
      },
      "HZ");
}

void declare(CLI::App& command, PubOptions& options) {
  command.add_option("schema", options.schema, "The schema file that declares the segment")
      ->required()
      ->type_name("SCHEMA.fbs");
  add_segment(command, options.segment);
  command.add_option("assignments", options.assignments,
                     "field=value, as in set; other fields are zero");
  command.add_option("-I,--include", options.includes, "Where to look up the schema's includes")
      ->type_name("DIR")
      ->allow_extra_args(false);
  command.add_option("--rate", options.rate, "Publish this many times a second; otherwise once")
      ->check(rate_validator());
  command.add_option("--for", options.duration, "End after this time; 0s: at Ctrl-C")
      ->check(duration_validator())
      ->capture_default_str();
  auto* ramps = command.add_option("--ramp", options.ramps,
                                   "field=A..B over --for, or field=A..B/2s repeated");
  ramps->type_name("RAMP")->allow_extra_args(false);
  command.add_option("--csv", options.csv, "Publish the rows of this file; -: standard input")
      ->type_name("FILE")
      ->excludes(ramps);
  command.add_flag("--out-of-range", options.out_of_range, "Allow values outside min and max");
  command.add_flag("--dry-run", options.dry_run, "Check everything, and create nothing");
}

/// For usage errors and values that do not fit the schema, the message alone, without the error
/// code.
ExitCode fail_plainly(const Error& error) {
  const ExitCode code = exit_code_of(error.code);
  const bool is_plain = code == ExitCode::Usage || error.code == ErrorCode::Io;
  return is_plain ? fail(code, error.message) : fail(error);
}

/// The checked contents of the command line and its files.
struct Plan {
  DeclaredSegment declared;
  std::vector<std::byte> value;
  std::vector<Change> changes;
  std::vector<Ramp> ramps;
};

Result<void> check_range(const std::optional<std::string>& complaint, const PubOptions& options) {
  if (!complaint || options.out_of_range) return {};
  return make_error(ErrorCode::Io,
                    "{}; nothing was published; use --out-of-range to publish it anyway",
                    *complaint);
}

Result<std::vector<Ramp>> ramps_of(const PubOptions& options, const Fields& fields) {
  std::vector<Ramp> ramps;
  for (const std::string& text : options.ramps) {
    auto ramp = Ramp::parse(fields, text);
    if (!ramp) return tl::unexpected(ramp.error());
    if (auto fits = check_range(ramp->complaint(), options); !fits) {
      return tl::unexpected(fits.error());
    }
    if (!options.rate) {
      return make_error(ErrorCode::InvalidName, "--ramp needs --rate; add it");
    }
    if (!ramp->period_ns() && !options.span_ns()) {
      return make_error(ErrorCode::InvalidName,
                        "ramp '{}' has no end; use --for, or write {}/2s to repeat it every 2 s",
                        text, text);
    }
    ramps.push_back(std::move(*ramp));
  }
  return ramps;
}

Result<Plan> make_plan(const PubOptions& options) {
  auto declared = declared_segment(options.schema, options.includes, options.segment);
  if (!declared) return tl::unexpected(declared.error());
  std::vector<std::byte> value(declared->description.size);
  auto changes = assign(declared->fields, options.assignments, value);
  if (!changes) return tl::unexpected(changes.error());
  for (const Change& change : *changes) {
    if (auto fits = check_range(change.complaint, options); !fits) {
      return tl::unexpected(fits.error());
    }
  }
  auto ramps = ramps_of(options, declared->fields);
  if (!ramps) return tl::unexpected(ramps.error());
  return Plan{.declared = std::move(*declared),
              .value = std::move(value),
              .changes = std::move(*changes),
              .ramps = std::move(*ramps)};
}

/// The rows of --csv, if any.
Result<std::optional<Rows>> begin_rows(std::optional<RowSource>& source, const Plan& plan,
                                       const PubOptions& options, StopSignals& stop) {
  if (!source) return std::nullopt;
  auto rows = source->begin({.fields = plan.declared.fields,
                             .base = plan.value,
                             .file = {},
                             .out_of_range = options.out_of_range},
                            stop);
  if (!rows) return tl::unexpected(rows.error());
  if (rows->timed() && options.rate) {
    return make_error(ErrorCode::InvalidName,
                      "the rows have times of their own; leave out --rate or the column 'time'");
  }
  if (!rows->timed() && !options.rate) {
    return make_error(ErrorCode::InvalidName,
                      "no column 'time' says when the rows are due; add it, or use --rate");
  }
  return std::optional(std::move(*rows));
}

/// "once" or "at 10 Hz", and the end time.
std::string schedule_of(const PubOptions& options, const std::optional<RowSource>& source) {
  std::string text = options.rate ? fmt::format("at {} Hz", *options.rate)
                     : source     ? std::string("at their times")
                                  : std::string("once");
  if (const auto span = options.span_ns()) {
    text += fmt::format(", for {}", in_words(std::chrono::nanoseconds(*span)));
  } else if (!source) {
    text += ", until Ctrl-C";
  }
  return text;
}

ExitCode tell_plan(const Plan& plan, const PubOptions& options,
                   const std::optional<RowSource>& source, const Context& context) {
  const OwnedDescription& description = plan.declared.description;
  const auto present = inspect_segment(context.domain, description.name);
  if (present && present->writer_state == WriterState::Alive) {
    return fail(ExitCode::Busy, fmt::format("segment '{}' has a live writer, {}; stop it first",
                                            description.name, writer_of(*present)));
  }
  const bool is_stream = description.kind == Kind::Stream;
  if (context.json()) {
    nlohmann::ordered_json document{{"segment", description.name},
                                    {"module", description.module},
                                    {"kind", is_stream ? "stream" : "state"},
                                    {"payload_size", description.size},
                                    {"schema_id", description.schema_id.hex()}};
    auto& values = document["values"] = nlohmann::ordered_json::object();
    for (const Change& change : plan.changes) values[change.path] = change.after;
    if (source && source->count()) document["rows"] = *source->count();
    print_json(document);
    return ExitCode::Fine;
  }
  std::string text = fmt::format(
      "segment '{}' ({} of module '{}', {} bytes)\n"
      "schema id {}\n",
      description.name, is_stream ? "stream" : "state", description.module, description.size,
      description.schema_id.hex());
  const std::string rows = source && source->count() ? fmt::format("{} ", *source->count()) : "";
  text += fmt::format("would be published{} {}\n", source ? fmt::format(" in {}rows", rows) : "",
                      schedule_of(options, source));
  for (const Change& change : plan.changes) {
    text += fmt::format("  {} = {}\n", change.path, change.after);
  }
  for (const std::string& ramp : options.ramps) text += fmt::format("  {}\n", ramp);
  print_text(text);
  return ExitCode::Fine;
}

/// On stderr: stdout is for results.
void say(const std::string& text) {
  static_cast<void>(std::fputs(terminal_text("evo-shm: " + text + '\n').c_str(), stderr));
}

std::string number_of(std::uint64_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

Result<void> play(Player& player, const Plan& plan, std::optional<Rows>& rows,
                  const PubOptions& options) {
  if (rows) return player.publish_rows(*rows, options.rate);
  if (options.rate) return player.publish_at(*options.rate, plan.value, plan.ramps);
  return player.publish_once(plan.value);
}

ExitCode run(const PubOptions& options, const Context& context) {
  const auto plan = make_plan(options);
  if (!plan) return fail_plainly(plan.error());
  std::optional<RowSource> source;
  if (!options.csv.empty()) {
    auto opened = RowSource::open(options.csv);
    if (!opened) return fail_plainly(opened.error());
    source = std::move(*opened);
  }
  StopSignals stop;
  if (auto held = stop.hold(); !held) return fail(held.error());
  auto rows = begin_rows(source, *plan, options, stop);
  if (!rows && stop.asked()) return ExitCode::Fine;  // before the first line was read
  if (!rows) return fail_plainly(rows.error());
  if (options.dry_run) return tell_plan(*plan, options, source, context);

  const OwnedDescription& description = plan->declared.description;
  auto writer = StubWriter::create(description, context.domain);
  if (!writer) return fail(writer.error());
  say(fmt::format("publishing '{}' as module '{}'; Ctrl-C ends it", description.name,
                  description.module));
  std::optional<StubWriter> open(std::move(*writer));
  Player player(*open, stop, options.span_ns());
  if (source) source->end_at(player.end_ns());
  const auto published = play(player, *plan, *rows, options);
  open.reset();  // closed first: a failed write of the last lines may end the process
  const ExitCode code = published ? ExitCode::Fine : fail_plainly(published.error());
  say(fmt::format("published {}, missed {}", number_of(player.published(), "value"),
                  number_of(player.missed(), "cycle")));
  if (context.json()) {
    print_json({{"segment", description.name},
                {"published", player.published()},
                {"missed", player.missed()}});
  }
  return code;
}

}  // namespace

void add_pub(Commands& commands) {
  commands
      .add<PubOptions>("pub", "Act as the writer of a segment, from its schema file alone", declare,
                       run)
      ->footer(
          "For tests of readers: the segment is the one that its module would create, and\n"
          "it is closed at the end. The first line of a CSV file names a field for each\n"
          "column. A column 'time' says, in seconds, when each row is due; without it the\n"
          "rows are published at --rate.");
}

}  // namespace evo::tools
