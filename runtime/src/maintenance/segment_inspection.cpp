// SPDX-License-Identifier: Apache-2.0
#include "maintenance/segment_inspection.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <vector>

#include "attachment/control.hpp"
#include "evo/clock.hpp"
#include "evo/segment_paths.hpp"
#include "system/domain_checks.hpp"
#include "system/kernel_lock.hpp"
#include "system/private_copy.hpp"

namespace evo::detail {

namespace {

/// Stores what is wrong. The error decides the condition.
void set_fault(SegmentInfo& info, Error error) {
  switch (error.code) {
    case ErrorCode::Corrupt:
      info.condition = SegmentCondition::Corrupt;
      break;
    case ErrorCode::FormatMismatch:
      info.condition = SegmentCondition::Incompatible;
      break;
    default:
      info.condition = SegmentCondition::Unreadable;
  }
  info.fault = std::move(error.message);
}

/// The locks that are held at one moment.
struct HeldLocks {
  bool writer = false;
  bool tidier = false;
  std::vector<std::uint32_t> readers;
};

void add_lock(HeldLocks& held, std::uint64_t byte) {
  if (byte == kWriterLockByte) {
    held.writer = true;
  } else if (byte == kCleanupLockByte) {
    held.tidier = true;
  } else {
    held.readers.push_back(static_cast<std::uint32_t>(byte - reader_lock_byte(0)));
  }
}

/// Adds the locks that are held on the bytes [first, last) of a control file.
void add_locks(HeldLocks& held, int fd, std::uint64_t first, std::uint64_t last) {
  // The kernel reports one lock in a range, not the lowest, so the ranges before and after it are
  // queried in turn. There may be as many locks as readers.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> unasked{{first, last}};
  while (!unasked.empty()) {
    const auto [from, to] = unasked.back();
    unasked.pop_back();
    const auto lock = from < to ? find_lock(fd, from, to - from) : std::nullopt;
    if (!lock) continue;
    // The kernel merges adjacent locks of one open file, so a single lock may cover several bytes.
    const std::uint64_t begin = std::max(lock->first, from);
    const std::uint64_t end = std::min(lock->end, to);
    for (std::uint64_t byte = begin; byte < end; ++byte) add_lock(held, byte);
    unasked.emplace_back(from, begin);
    unasked.emplace_back(end, to);
  }
  std::ranges::sort(held.readers);
}

bool read_entry(Copy<ReaderEntry>& entry, int fd, std::uint32_t index) {
  return entry.read(fd, sizeof(ControlFile) + index * sizeof(ReaderEntry));
}

AttachedReader describe_reader(int fd, std::uint32_t index) {
  AttachedReader reader;
  reader.index = index;
  Copy<ReaderEntry> entry;
  if (!read_entry(entry, fd, index)) return reader;
  // relaxed, here and below: a private copy of advice.
  reader.pid = entry->pid.load(std::memory_order_relaxed);
  reader.process_name = printable(load_text(entry->process_name.data(), 16));
  reader.attached_realtime_ns = entry->attached_ns.load(std::memory_order_relaxed);
  reader.sleeping = entry->waiting.load(std::memory_order_relaxed) != 0;
  return reader;
}

/// Explains why there is no data file, and what to do.
void describe_missing_data(SegmentInfo& info, const ControlFile& control, SegmentPhase phase) {
  // relaxed: a private copy. The entry still names the module of the file that was removed.
  const std::uint32_t current = control.current.load(std::memory_order_relaxed) & 1U;
  const std::string module = printable(load_text(control.data_files[current].module.data(),
                                                 control.data_files[current].module.size()));
  if (info.writer_state == WriterState::Alive) {
    info.condition = SegmentCondition::Unfinished;
    info.fault = "its writer is still creating it";
  } else if (info.writer_state == WriterState::Closed) {
    info.condition = SegmentCondition::Closed;
    info.fault = "its writer has closed it";
  } else if (phase == SegmentPhase::Empty) {
    info.condition = SegmentCondition::Unfinished;
    info.fault = "its writer died before completing it; start it again, or clean up";
  } else {
    info.condition = SegmentCondition::Removed;
    info.fault = fmt::format(
        "its writer died or was fenced off, and its data was removed; {} reader{} still "
        "attached; start {} again",
        info.readers.size(), info.readers.size() == 1 ? " is" : "s are",
        module.empty() ? "its module" : fmt::format("module '{}'", module));
  }
  info.module = module;
}

/// Fills in what control file and locks say. False if the data file is of no interest.
bool look_at_control(SegmentInfo& info, const OpenedFile& file, const Copy<ControlFile>& control,
                     const HeldLocks& held) {
  info.memory = file.allocated;
  const bool has_magic = has_control_magic(*control);
  // Another format may have the name elsewhere.
  if (has_magic) {
    if (auto usable = check_format(*control, control_file_name(info.name)); !usable) {
      set_fault(info, std::move(usable.error()));
      return false;
    }
  }
  if (!has_magic || load_text(control->name.data(), control->name.size()) != info.name) {
    info.condition = SegmentCondition::Corrupt;
    info.fault = "its control file is damaged; stop its writer and readers and remove the file";
    return false;
  }
  // relaxed, in here: a private copy; the locks, which were queried before, decide which phase is
  // reported.
  const auto phase = control->phase.load(std::memory_order_relaxed);
  const std::uint64_t found_dead = control->found_dead_ns.load(std::memory_order_relaxed);
  info.writer_pid = control->writer_pid.load(std::memory_order_relaxed);
  if (phase == SegmentPhase::Open) {
    // A process that locks a segment whose writer is marked dead cleans it up, or has not yet
    // become its writer.
    info.writer_state = held.writer && found_dead == 0 ? WriterState::Alive : WriterState::Dead;
  } else if (held.writer) {
    info.writer_state = phase == SegmentPhase::Empty ? WriterState::Alive : WriterState::Closed;
  } else {
    // A closing writer clears its PID.
    info.writer_state = info.writer_pid == 0 ? WriterState::Closed : WriterState::Dead;
  }
  info.writer_uid = control->writer_uid.load(std::memory_order_relaxed);
  info.writer_executable =
      printable(load_text(control->writer_executable.data(), control->writer_executable.size()));
  info.writer_started_realtime_ns = control->writer_started_ns.load(std::memory_order_relaxed);
  info.incarnation = control->incarnation.load(std::memory_order_relaxed);
  info.found_dead_ns = info.writer_state == WriterState::Dead ? found_dead : 0;
  info.reader_limit = control->reader_limit.load(std::memory_order_relaxed);
  for (const std::uint32_t index : held.readers) {
    info.readers.push_back(describe_reader(file.fd.get(), index));
  }
  if (is_of_other_boot(load_bytes(control->boot_id))) {
    info.condition = SegmentCondition::Stale;
    info.fault = "left over from a previous boot; the next create or cleanup removes it";
    return false;
  }
  if (phase == SegmentPhase::Open) return true;
  describe_missing_data(info, *control, phase);
  return false;
}

/// Computes how far the readers of a stream are behind the last push.
void judge_lags(SegmentInfo& info, int control_fd) {
  const SlotGeometry& geometry = info.layout.geometry;
  const Sequence end = geometry.after(info.sequence, 1);
  for (AttachedReader& reader : info.readers) {
    Copy<ReaderEntry> entry;
    if (!read_entry(entry, control_fd, reader.index)) continue;
    // relaxed, both: a private copy of advice.
    const std::uint64_t cursor = entry->cursor.load(std::memory_order_relaxed);
    if (cursor == 0 ||
        entry->generation.load(std::memory_order_relaxed) != info.layout.generation) {
      continue;
    }
    const bool behind = geometry.is_after(end, cursor / 2);
    reader.lag =
        behind ? std::min<std::uint64_t>(geometry.distance(cursor / 2, end), geometry.count - 1)
               : 0;
  }
}

void judge_age(SegmentInfo& info) {
  if (info.last_write_ns == 0) return;
  const std::uint64_t now = monotonic_ns();
  if (is_in_future(info.last_write_ns, now)) {
    // The word may hold any value, and a duration is signed.
    constexpr auto kMost = static_cast<std::uint64_t>(std::chrono::nanoseconds::max().count());
    info.stamp_ahead = std::chrono::nanoseconds(std::min(info.last_write_ns - now, kMost));
    info.freshness = Freshness::Stale;
    return;
  }
  const std::uint64_t age = now > info.last_write_ns ? now - info.last_write_ns : 0;
  info.age = std::chrono::nanoseconds(age);
  const SegmentLayout& layout = info.layout;
  if (layout.max_age_ns != 0 && age > layout.max_age_ns) {
    info.freshness = Freshness::Stale;
  } else if (layout.period_ns != 0 && age / 2 > layout.period_ns) {
    info.freshness = Freshness::Late;
  } else if (layout.max_age_ns != 0 || layout.period_ns != 0) {
    info.freshness = Freshness::Fresh;
  }
}

}  // namespace

void set_refusal(SegmentInfo& info, Error error) {
  const bool foreign = error.code == ErrorCode::Corrupt;
  set_fault(info, std::move(error));
  if (foreign) info.condition = SegmentCondition::Foreign;
}

Inspector::Inspector(Domain domain)
    : domain_(std::move(domain)),
      directory_(::open(domain_.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {}

Result<OpenedFile> Inspector::open(const std::string& file, mode_t allowed,
                                   std::optional<uid_t> only_owner) const {
  // Checked again: another user may have created this user's own domain since, if it was missing
  // before.
  if (auto valid = validate(domain_); !valid) return tl::unexpected(valid.error());
  const Trust trust{O_RDONLY, allowed, Access::Group, only_owner};
  if (!directory_.valid()) return open_checked(domain_, domain_.path() + "/" + file, trust);
  return open_checked_at(directory_.get(), file, domain_, trust);
}

/// Fills in the facts from the data file. Returns false if the file is gone because its writer is
/// replacing it.
bool Inspector::look_at_data(Look& look, const ControlFile& control, uid_t owner) const {
  SegmentInfo& info = *look.info;
  // relaxed, in here: private copies of a past moment; each word is whole.
  const std::uint32_t current = control.current.load(std::memory_order_relaxed) & 1U;
  const DataFileName& name = control.data_files[current];
  info.module = load_text(name.module.data(), name.module.size());
  if (!validate_module_name(info.module)) {
    info.module = printable(info.module);
    info.condition = SegmentCondition::Corrupt;
    info.fault = "its control file names an invalid module; remove its files";
    return true;
  }
  info.data_file = data_file_name(info.module, info.name, name.pid.load(std::memory_order_relaxed));
  auto file = open(info.data_file, kWidestDataMode, owner);
  if (!file) {
    if (file.error().code == ErrorCode::NotFound) return false;
    look.starved = file.error().code == ErrorCode::ResourceExhausted;
    set_refusal(info, std::move(file.error()));
    return true;
  }
  Copy<SegmentHeader> header;
  if (!header.read(file->fd.get())) {
    info.condition = SegmentCondition::Corrupt;
    info.fault = fmt::format("'{}' is shorter than a header; remove it", info.data_file);
    return true;
  }
  auto layout = read_header(header.bytes, file->size, info.data_file);
  if (!layout) {
    set_fault(info, std::move(layout.error()));
    return true;
  }
  if (layout->generation != control.generation.load(std::memory_order_relaxed)) return false;
  info.layout = *layout;
  info.memory += file->allocated;
  info.sequence = header->version.load(std::memory_order_relaxed) / 2;
  info.last_write_ns = header->last_write_ns.load(std::memory_order_relaxed);
  judge_age(info);
  return true;
}

Look Inspector::look(std::string_view name) const {
  constexpr int kAttempts = 10;
  Look result;
  for (int look = 0; look < kAttempts; ++look) {
    SegmentInfo& info = result.info.emplace();
    info.name = name;
    auto file = open(control_file_name(name), control_mode(Access::Group));
    if (!file) {
      if (file.error().code == ErrorCode::NotFound) return {};
      result.starved = file.error().code == ErrorCode::ResourceExhausted;
      set_refusal(info, std::move(file.error()));
      return result;
    }
    // Before the phase is read: a closing writer stores the phase before it frees the lock, so a
    // writer that closed is never taken for dead.
    HeldLocks held;
    add_locks(held, file->fd.get(), kWriterLockByte, kCleanupLockByte + 1);
    Copy<ControlFile> control;
    if (!control.read(file->fd.get())) {
      info.condition = SegmentCondition::Corrupt;
      info.fault = "its control file is too short; remove it";
      return result;
    }
    // A cleaner may hold the lock for the moment in which it marks the writer.
    if (held.writer && held.tidier && look + 1 < kAttempts) {
      ::sched_yield();
      continue;
    }
    if (!look_at_control(info, *file, control, held)) return result;
    if (look_at_data(result, *control, file->uid)) {
      if (info.layout.kind == Kind::Stream) judge_lags(info, file->fd.get());
      return result;
    }
  }
  // The data file was gone at each attempt: its writer is dead, or keeps replacing it.
  result.info->condition = SegmentCondition::Corrupt;
  result.info->fault = "its data file is gone; start its writer, or clean up";
  return result;
}

}  // namespace evo::detail
