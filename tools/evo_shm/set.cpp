// SPDX-License-Identifier: Apache-2.0
/// `evo-shm set NAME field=value ... [--fence] [--out-of-range]`: changes the value of a segment
/// without a live writer, or of one whose writer it fences off first.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "command.hpp"
#include "evo/fencing.hpp"
#include "evo/format.hpp"
#include "evo/raw_state_writer.hpp"
#include "inspect/inspected_segment.hpp"
#include "inspect/labels.hpp"
#include "inspect/owned_description.hpp"
#include "repair/abandoned_writer.hpp"
#include "repair/assignment.hpp"
#include "repair/preflight.hpp"

namespace evo::tools {

namespace {

struct SetOptions {
  std::string segment;
  std::vector<std::string> assignments;
  bool fence = false;
  bool out_of_range = false;
};

void declare(CLI::App& command, SetOptions& options) {
  add_segment(command, options.segment);
  command
      .add_option("assignments", options.assignments,
                  "field=value, as inspect names and prints them; all are set, or none")
      ->required();
  command.add_flag("--fence", options.fence,
                   "Fence off a live writer; the segment is then recreated");
  command.add_flag("--out-of-range", options.out_of_range, "Allow values outside min and max");
  add_former_flag(command, "--force",
                  "it was split: --fence fences off a live writer, "
                  "--out-of-range allows values outside min and max");
}

/// For usage errors, the message alone, without the error code.
ExitCode fail_at_assignment(const Error& error) {
  const ExitCode code = exit_code_of(error.code);
  return code == ExitCode::Usage ? fail(code, error.message) : fail(error);
}

/// Whether it has a value that can be changed.
Result<void> check_kind(const InspectedSegment& inspected) {
  const SegmentInfo& info = inspected.info();
  if (!inspected.readable()) return tl::unexpected(*inspected.fault());
  if (!inspected.fields()) return tl::unexpected(*inspected.fault());
  if (info.layout.kind == Kind::Stream) {
    return make_error(ErrorCode::InvalidName,
                      "segment '{}' is a stream, whose values are events, not a state to "
                      "correct; let its module '{}' publish what is missing",
                      info.name, info.module);
  }
  return {};
}

/// Whether the options permit these changes to this segment.
Result<void> check_permission(const SegmentInfo& info, const std::vector<Change>& changes,
                              const SetOptions& options) {
  if (info.writer_state == WriterState::Alive && !options.fence) {
    return make_error(ErrorCode::SegmentBusy,
                      "segment '{}' has a live writer, {}; stop it first, or use --fence, which "
                      "fences it off",
                      info.name, writer_of(info));
  }
  for (const Change& change : changes) {
    if (!change.complaint || options.out_of_range) continue;
    return make_error(ErrorCode::Io,
                      "{}; nothing was written; use --out-of-range to write it anyway",
                      *change.complaint);
  }
  return {};
}

/// The last value; zeros before the first.
Result<std::vector<std::byte>> last_value(InspectedSegment& inspected) {
  InspectedValue value = inspected.value();
  if (value.error == ReadError::NeverWritten) return std::vector<std::byte>(value.bytes.size());
  if (value.error) {
    return make_error(ErrorCode::Corrupt,
                      "the last value of segment '{}' cannot be read: {}; see evo-shm validate",
                      inspected.info().name, to_string(*value.error));
  }
  return std::move(value.bytes);
}

struct Outcome {
  std::vector<Change> changes;
  bool fenced = false;
  std::uint64_t sequence = 0;
};

/// Whether this user can publish in the present segment: no live writer, and its file is writable.
bool goes_in_place(const InspectedSegment& inspected) {
  const std::string file = inspected.domain().path() + "/" + inspected.info().data_file;
  return inspected.info().writer_state != WriterState::Alive &&
         ::faccessat(AT_FDCWD, file.c_str(), R_OK | W_OK, AT_EACCESS) == 0;
}

/// If the segment must be recreated, checks whether that is possible.
Result<void> preflight(const InspectedSegment& inspected) {
  if (goes_in_place(inspected)) return {};
  const auto description = describe_owned(inspected);
  if (!description) return tl::unexpected(description.error());
  auto possible = check_create(inspected.domain(), describe(*description));
  if (!possible) {
    possible.error().message =
        fmt::format("segment '{}' could not be recreated, so nothing was done: {}",
                    inspected.info().name, possible.error().message);
  }
  return possible;
}

/// The error after fencing: the live writer's segment could not be replaced.
tl::unexpected<Error> failed_after_fencing(Error error, const InspectedSegment& inspected) {
  const SegmentInfo& info = inspected.info();
  // Its module may have been faster, with a new writer.
  const bool successor = inspect_segment(inspected.domain(), info.name).has_value();
  error.message = fmt::format(
      "{} was fenced off, but segment '{}' could not be recreated: {}. {}", writer_of(info),
      info.name, error.message,
      successor
          ? "A successor has already created it, without the change; stop that writer and try again"
          : fmt::format("The segment and its last value are gone; restart '{}', which recreates "
                        "it, or load a snapshot",
                        info.module));
  return tl::unexpected(std::move(error));
}

/// Publishes the value as the segment's writer: everything checked before still holds, unless
/// another process changed the segment.
Result<Outcome> write(InspectedSegment& inspected, const SetOptions& options,
                      std::vector<std::byte> value) {
  const auto description = describe_owned(inspected);
  if (!description) return tl::unexpected(description.error());
  Outcome outcome;
  if (inspected.info().writer_state == WriterState::Alive) {
    const auto fenced = fence_off_writer(inspected.domain(), options.segment);
    if (!fenced) return tl::unexpected(fenced.error());
    outcome.fenced = fenced->fenced;
  }
  auto created = RawStateWriter::create(describe(*description), {.domain = inspected.domain()});
  if (!created && outcome.fenced) return failed_after_fencing(created.error(), inspected);
  if (!created) return tl::unexpected(created.error());
  RawStateWriter& writer = abandon_at_exit(std::move(*created));
  if (writer.current_version() != 0) {
    // In place: no other process writes from here on, so the present value is the last one.
    if (auto done = inspected.refresh(); !done) return tl::unexpected(done.error());
    if (!inspected.readable()) return tl::unexpected(*inspected.fault());
    auto present = last_value(inspected);
    if (!present) return tl::unexpected(present.error());
    value = std::move(*present);
  }
  auto changes = assign(*inspected.fields(), options.assignments, value);
  if (!changes) return tl::unexpected(changes.error());
  outcome.changes = std::move(*changes);
  if (const auto written = writer.write(value); !written) {
    return make_error(ErrorCode::SegmentBusy, "the value was not published: {}",
                      to_string(written.error()));
  }
  outcome.sequence = writer.current_version() / 2;
  return outcome;
}

void print(const Outcome& outcome, const SegmentInfo& info, const Context& context) {
  if (!context.json()) {
    if (outcome.fenced) print_text(fmt::format("fenced off {}\n", writer_of(info)));
    for (const Change& change : outcome.changes) {
      print_text(
          fmt::format("{}.{}: {} -> {}\n", info.name, change.path, change.before, change.after));
    }
    return;
  }
  nlohmann::ordered_json document;
  document["segment"] = info.name;
  document["fenced"] = outcome.fenced;
  document["sequence"] = outcome.sequence;
  auto& changes = document["changes"] = nlohmann::ordered_json::array();
  for (const Change& change : outcome.changes) {
    changes.push_back({{"path", change.path}, {"before", change.before}, {"after", change.after}});
  }
  print_json(document);
}

ExitCode run(const SetOptions& options, const Context& context) {
  auto inspected = InspectedSegment::at(context.domain, options.segment);
  if (!inspected) return fail(inspected.error());
  const SegmentInfo info = inspected->info();
  if (auto possible = check_kind(*inspected); !possible) return fail(possible.error());
  auto value = last_value(*inspected);
  if (!value) return fail(value.error());
  // On a copy: an invalid assignment is found before anything is changed.
  std::vector<std::byte> trial = *value;
  const auto changes = assign(*inspected->fields(), options.assignments, trial);
  if (!changes) return fail_at_assignment(changes.error());
  if (auto permitted = check_permission(info, *changes, options); !permitted) {
    return fail(exit_code_of(permitted.error().code), permitted.error().message);
  }
  if (auto possible = preflight(*inspected); !possible) return fail(possible.error());
  const auto outcome = write(*inspected, options, std::move(*value));
  if (!outcome) return fail(outcome.error());
  print(*outcome, info, context);
  return ExitCode::Fine;
}

}  // namespace

void add_set(Commands& commands) {
  commands
      .add<SetOptions>("set", "Change fields of a state segment that has no live writer", declare,
                       run)
      ->footer(
          "The segment then has a dead writer: its module takes it over with this value when it\n"
          "starts. cleanup and supervise remove it after their grace period.");
}

}  // namespace evo::tools
