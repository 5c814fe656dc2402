// SPDX-License-Identifier: Apache-2.0
#include "reporter.hpp"

#include "inspect/labels.hpp"

namespace evo::tools {

namespace {

std::uint64_t generation_of(const SegmentInfo& info) {
  return info.condition == SegmentCondition::Sound ? info.layout.generation : 0;
}

/// Reported once the writer has identified itself and the segment is complete; another event
/// follows then.
bool is_starting(const SegmentInfo& info) {
  return info.writer_state == WriterState::Alive &&
         (info.writer_pid == 0 || info.condition == SegmentCondition::Unfinished);
}

EventFields describe_reader(const std::string& segment, const AttachedReader& reader) {
  return {{"segment", segment}, {"pid", reader.pid}, {"process", reader.process_name}};
}

}  // namespace

WriterChange Reporter::take(const SegmentInfo& info) {
  Known& known = known_[info.name];
  if (!known.appeared) {
    log_.write("info", "segment_appeared",
               {{"segment", info.name}, {"condition", to_string(info.condition)}});
    known.appeared = true;
  }
  // If it cannot be read, it is assumed unchanged.
  if (!knows_readers(info)) return WriterChange::None;
  const WriterChange change = take_writer(known, info);
  take_readers(known, info);
  return change;
}

WriterChange Reporter::take_writer(Known& known, const SegmentInfo& info) {
  const bool other_number = info.incarnation != known.incarnation;
  if (is_starting(info) || (!other_number && info.writer_state == known.writer_state)) {
    return WriterChange::None;
  }
  if (other_number && known.writer_state == WriterState::Alive) {
    const bool same_writer = info.writer_pid == known.writer_pid &&
                             info.writer_started_realtime_ns == known.writer_started_ns;
    // It is being fenced off at this moment; the next inspection finds it closed.
    if (same_writer && info.writer_state == WriterState::Alive) return WriterChange::None;
    const bool taken_over = known.generation != 0 && known.generation == generation_of(info);
    if (!same_writer) tell_unseen_end(known, info.name, taken_over);
  }
  std::string executable = info.writer_executable;
  // Before the report, so that its end can be detected afterwards. A writer that has ended since
  // the inspection is left to the next one.
  const bool alive = info.writer_state == WriterState::Alive;
  if (alive && !ends_.hold(info.name, info.incarnation)) return WriterChange::None;
  const WriterChange change = tell_state(known, info);
  known.writer_state = info.writer_state;
  known.incarnation = info.incarnation;
  known.generation = generation_of(info);
  known.writer_pid = info.writer_pid;
  known.writer_started_ns = info.writer_started_realtime_ns;
  known.executable = std::move(executable);
  if (!alive) ends_.release(info.name);
  return change;
}

WriterChange Reporter::tell_state(const Known& known, const SegmentInfo& info) {
  EventFields fields = {{"segment", info.name},
                        {"pid", info.writer_pid},
                        {"executable", info.writer_executable},
                        {"incarnation", info.incarnation}};
  switch (info.writer_state) {
    case WriterState::Alive:
      fields.emplace_back("takeover", known.writer_state == WriterState::Dead);
      log_.write("info", "writer_started", std::move(fields));
      return WriterChange::Started;
    case WriterState::Dead:
      // Removing its files also changes the incarnation; that death was already reported.
      if (info.condition == SegmentCondition::Removed && known.writer_state == WriterState::Dead) {
        return WriterChange::None;
      }
      fields.emplace_back("sequence", info.sequence);
      log_.write("warning", "writer_died", std::move(fields));
      return WriterChange::Died;
    case WriterState::Closed:
      if (known.writer_state != WriterState::Alive) return WriterChange::None;
      fields[1] = {"pid", known.writer_pid};  // a writer clears its pid when it closes
      log_.write("info", "writer_closed", std::move(fields));
      return WriterChange::None;
    case WriterState::Detached:  // attached readers only
      return WriterChange::None;
  }
  return WriterChange::None;
}

/// For a writer that was alive at the last inspection, and now has a successor or no file.
void Reporter::tell_unseen_end(Known& known, const std::string& name, bool data_taken_over) {
  WriterEnd end = ends_.end_of(name);
  if (end == WriterEnd::Unknown && data_taken_over) end = WriterEnd::Died;
  const bool died = end == WriterEnd::Died;
  if (end != WriterEnd::None) {
    log_.write(died ? "warning" : "info", died ? "writer_died" : "writer_closed",
               {{"segment", name},
                {"pid", known.writer_pid},
                {"executable", known.executable},
                {"incarnation", known.incarnation}});
  }
  known.writer_state = died ? WriterState::Dead : WriterState::Closed;
  ends_.release(name);
}

void Reporter::take_readers(Known& known, const SegmentInfo& info) {
  decltype(known.readers) present;
  for (const AttachedReader& reader : info.readers) {
    present.emplace(std::pair(reader.index, reader.attached_realtime_ns), reader);
  }
  for (auto each = known.readers.begin(); each != known.readers.end();) {
    if (present.contains(each->first)) {
      ++each;
      continue;
    }
    log_.write("info", "reader_left", describe_reader(info.name, each->second));
    each = known.readers.erase(each);
  }
  for (const auto& [key, reader] : present) {
    EventFields fields = describe_reader(info.name, reader);
    if (!known.readers.emplace(key, reader).second) continue;
    log_.write("info", "reader_attached", std::move(fields));
  }
}

void Reporter::take_vanished(const std::string& name) {
  const auto known = known_.find(name);
  if (known == known_.end()) return;
  if (known->second.writer_state == WriterState::Alive) {
    tell_unseen_end(known->second, name, false);
  }
  EventFields fields = {{"segment", name}};
  known_.erase(known);
  log_.write("info", "segment_vanished", std::move(fields));
}

std::vector<std::string> Reporter::names() const {
  std::vector<std::string> names;
  names.reserve(known_.size());
  for (const auto& [name, known] : known_) names.push_back(name);
  return names;
}

}  // namespace evo::tools
