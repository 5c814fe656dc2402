// SPDX-License-Identifier: Apache-2.0
#include "inspect/labels.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "text/duration.hpp"

namespace evo::tools {

namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

}  // namespace

std::string state_of(const SegmentInfo& info) {
  const bool sound = info.condition == SegmentCondition::Sound;
  return lower(sound ? to_string(info.writer_state) : to_string(info.condition));
}

Colour colour_of_state(const SegmentInfo& info) {
  if (info.condition != SegmentCondition::Sound) {
    return is_wrong(info) ? Colour::Bad : Colour::Dim;
  }
  switch (info.writer_state) {
    case WriterState::Alive:
      return info.freshness == Freshness::Stale ? Colour::Warning : Colour::Good;
    case WriterState::Dead:
      return Colour::Bad;
    case WriterState::Closed:
    case WriterState::Detached:  // attached readers only
      break;
  }
  return Colour::Dim;
}

bool has_no_data(const SegmentInfo& info) {
  return info.condition == SegmentCondition::Unfinished ||
         info.condition == SegmentCondition::Closed || info.condition == SegmentCondition::Removed;
}

bool is_wrong(const SegmentInfo& info) {
  if (has_no_data(info)) return info.writer_state == WriterState::Dead;
  return info.condition != SegmentCondition::Sound || info.writer_state == WriterState::Dead ||
         info.freshness == Freshness::Stale;
}

std::string kind_of(const SegmentInfo& info) {
  if (info.condition != SegmentCondition::Sound) return "-";
  return std::string(to_string(info.layout.kind));
}

bool knows_readers(const SegmentInfo& info) {
  switch (info.condition) {
    case SegmentCondition::Sound:
    case SegmentCondition::Unfinished:
    case SegmentCondition::Closed:
    case SegmentCondition::Removed:
    case SegmentCondition::Stale:
      return true;
    default:
      // The damage may be limited to the data file.
      return info.reader_limit != 0;
  }
}

std::string readers_of(const SegmentInfo& info) {
  return knows_readers(info) ? std::to_string(info.readers.size()) : "-";
}

std::string memory_of(const SegmentInfo& info) {
  return info.memory == 0 ? "-" : size_in_words(info.memory);
}

std::string age_of(const SegmentInfo& info) {
  if (!info.age && info.stamp_ahead.count() == 0) return "-";
  std::string text = info.age ? in_words(*info.age) : in_words(info.stamp_ahead) + " ahead,";
  if (info.freshness == Freshness::Late || info.freshness == Freshness::Stale) {
    text += ' ' + lower(to_string(info.freshness));
  }
  return text;
}

std::string future_stamp_of(const SegmentInfo& info) {
  if (info.stamp_ahead.count() == 0) return "";
  return fmt::format(
      "its last stamp is {} in the future: its writer ran with another CLOCK_MONOTONIC (another "
      "time "
      "namespace, or a container or virtual machine that was restored), so ages cannot be judged; "
      "restart the writer where its readers run",
      in_words(info.stamp_ahead));
}

std::string size_in_words(std::uint64_t bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB"};
  auto size = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; size >= 1024 && unit + 1 < std::size(kUnits); ++unit) size /= 1024;
  return fmt::format("{:.4g} {}", size, kUnits[unit]);
}

std::string file_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

std::string writer_of(const SegmentInfo& info) {
  if (info.writer_pid == 0) return "-";
  const std::string program = file_name(info.writer_executable);
  return program.empty() ? fmt::format("pid {}", info.writer_pid)
                         : fmt::format("pid {} ({})", info.writer_pid, program);
}

std::string time_of_day(std::uint64_t realtime_ns) {
  if (realtime_ns == 0) return "-";
  const auto seconds = static_cast<std::time_t>(realtime_ns / 1'000'000'000);
  return fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::localtime(seconds));
}

nlohmann::ordered_json to_json(const AttachedReader& reader) {
  nlohmann::ordered_json object;
  object["index"] = reader.index;
  object["pid"] = reader.pid;
  object["process"] = reader.process_name;
  object["attached_realtime_ns"] = reader.attached_realtime_ns;
  object["sleeping"] = reader.sleeping;
  if (reader.lag) object["lag"] = *reader.lag;
  return object;
}

nlohmann::ordered_json to_json(const SegmentInfo& info) {
  nlohmann::ordered_json object;
  object["name"] = info.name;
  object["condition"] = lower(to_string(info.condition));
  if (!info.fault.empty()) object["fault"] = info.fault;
  auto& writer = object["writer"];
  writer["state"] = lower(to_string(info.writer_state));
  writer["pid"] = info.writer_pid;
  writer["uid"] = info.writer_uid;
  writer["executable"] = info.writer_executable;
  writer["started_realtime_ns"] = info.writer_started_realtime_ns;
  writer["incarnation"] = info.incarnation;
  if (knows_readers(info)) {
    object["reader_limit"] = info.reader_limit;
    object["readers"] = info.readers.size();
  }
  if (info.memory != 0) object["memory"] = info.memory;
  if (info.condition != SegmentCondition::Sound) return object;
  object["module"] = info.module;
  object["kind"] = kind_of(info);
  object["data_file"] = info.data_file;
  object["version"] = fmt::format("{}.{}", info.layout.version.major, info.layout.version.minor);
  object["schema_id"] = info.layout.schema_id.hex();
  object["payload_size"] = info.layout.geometry.payload_size;
  object["sequence"] = info.sequence;
  if (info.age) object["age_ns"] = info.age->count();
  if (info.stamp_ahead.count() != 0) object["stamp_ahead_ns"] = info.stamp_ahead.count();
  object["freshness"] = lower(to_string(info.freshness));
  return object;
}

}  // namespace evo::tools
