#include "evo/segment_info.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <unordered_set>

#include "control.hpp"
#include "data_file.hpp"
#include "domain_scan.hpp"
#include "evo/clock.hpp"
#include "kernel_lock.hpp"
#include "segment_inspection.hpp"

namespace evo {

namespace detail {

namespace {

/// The start of a file, copied by the kernel: nothing has to be mapped to look.
template <class T>
struct Copy {
  alignas(8) std::array<std::byte, sizeof(T)> bytes{};

  bool read(int fd, std::uint64_t offset = 0) {
    return ::pread(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset)) ==
           static_cast<ssize_t>(bytes.size());
  }
  const T* operator->() const { return reinterpret_cast<const T*>(bytes.data()); }
};

/// Stores what is wrong; which condition that is depends on the error.
void set_fault(SegmentInfo& info, Error error) {
  info.condition = error.code == ErrorCode::Corrupt || error.code == ErrorCode::FormatMismatch
                       ? SegmentCondition::Corrupt
                       : SegmentCondition::Unreadable;
  info.fault = std::move(error.message);
}

Result<OpenedFile> open_to_look(const Domain& domain, const std::string& path, mode_t allowed) {
  return open_checked(domain, path, {O_RDONLY, allowed, Access::Group});
}

/// Stores why a file that is there cannot be looked at. One that is no regular file is Foreign.
void set_refusal(SegmentInfo& info, Error error) {
  const bool foreign = error.code == ErrorCode::Corrupt;
  set_fault(info, std::move(error));
  if (foreign) info.condition = SegmentCondition::Foreign;
}

/// Calls `found(index)` for each reader whose lock is held in [first, last).
template <class Found>
void find_readers(int fd, std::uint32_t first, std::uint32_t last, Found&& found) {
  while (first < last) {
    const auto held = find_lock(fd, reader_lock_byte(first), last - first);
    if (!held) return;
    // The kernel names one lock in the range, not the lowest. Locks of one open file that
    // touch are one, so a single end may hold several bytes.
    const auto begin = static_cast<std::uint32_t>(std::max(held->first, reader_lock_byte(first)) -
                                                  reader_lock_byte(0));
    const auto end = static_cast<std::uint32_t>(std::min(held->end, reader_lock_byte(last)) -
                                                reader_lock_byte(0));
    find_readers(fd, first, begin, found);
    for (std::uint32_t index = begin; index < end; ++index) found(index);
    first = end;
  }
}

AttachedReader describe_reader(int fd, std::uint32_t index) {
  AttachedReader reader;
  reader.index = index;
  Copy<ReaderEntry> entry;
  if (!entry.read(fd, sizeof(ControlFile) + index * sizeof(ReaderEntry))) return reader;
  // relaxed, here and below: a private copy of advice.
  reader.pid = entry->pid.load(std::memory_order_relaxed);
  reader.process_name = printable(load_text(entry->process_name.data(), 16));
  reader.attached_realtime_ns = entry->attached_ns.load(std::memory_order_relaxed);
  reader.sleeping = entry->waiting.load(std::memory_order_relaxed) != 0;
  return reader;
}

/// Fills in what control file and locks say. False if the data file is of no interest.
bool look_at_control(SegmentInfo& info, const OpenedFile& file, const Copy<ControlFile>& control,
                     bool locked) {
  info.memory = file.allocated;
  if (control->magic != kControlMagic ||
      load_text(control->name.data(), control->name.size()) != info.name) {
    info.condition = SegmentCondition::Corrupt;
    info.fault = "its control file is damaged; stop its writer and readers and remove the file";
    return false;
  }
  if (control->format_min > kControlFormatVersion) {
    info.condition = SegmentCondition::Corrupt;
    info.fault = fmt::format("its control file is of format {}, this build reads {}",
                             control->format, kControlFormatVersion);
    return false;
  }
  const auto state = static_cast<ControlState>(control->state.load(std::memory_order_relaxed));
  const std::uint64_t found_dead = control->found_dead_ns.load(std::memory_order_relaxed);
  if (state == ControlState::Open) {
    // Whoever locks what is marked dead tidies up, or has not yet become its writer.
    info.writer_state = locked && found_dead == 0 ? WriterState::Alive : WriterState::Dead;
  } else {
    info.writer_state =
        locked && state == ControlState::Empty ? WriterState::Alive : WriterState::Closed;
  }
  info.writer_pid = control->writer_pid.load(std::memory_order_relaxed);
  info.writer_uid = control->writer_uid.load(std::memory_order_relaxed);
  info.writer_executable =
      printable(load_text(control->writer_executable.data(), control->writer_executable.size()));
  info.writer_started_realtime_ns = control->writer_started_ns.load(std::memory_order_relaxed);
  info.incarnation = control->incarnation.load(std::memory_order_relaxed);
  info.found_dead_ns = info.writer_state == WriterState::Dead ? found_dead : 0;
  info.reader_limit = control->reader_limit.load(std::memory_order_relaxed);
  find_readers(file.fd.get(), 0, kMaximumReaders, [&](std::uint32_t index) {
    info.readers.push_back(describe_reader(file.fd.get(), index));
  });
  if (is_of_other_boot(control->boot_id)) {
    info.condition = SegmentCondition::Stale;
    info.fault = "an earlier boot has left it; the next create or cleanup removes it";
    return false;
  }
  if (state != ControlState::Open) {
    info.condition = SegmentCondition::Unfinished;
    info.fault = info.writer_state == WriterState::Alive
                     ? "its writer is just making it"
                     : "its writer has closed it, or died before it was whole";
    return false;
  }
  return true;
}

void judge_age(SegmentInfo& info) {
  if (info.last_write_ns == 0) return;
  const std::uint64_t now = monotonic_ns();
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

/// Fills in what the data file says. False if it is gone: its writer replaces it.
bool look_at_data(SegmentInfo& info, const Domain& domain, const Copy<ControlFile>& control) {
  const std::uint32_t current = control->current.load(std::memory_order_relaxed) & 1U;
  const DataFileName& name = control->data_files[current];
  info.module = load_text(name.module.data(), name.module.size());
  if (!validate_module_name(info.module)) {
    info.module = printable(info.module);
    info.condition = SegmentCondition::Corrupt;
    info.fault = "its control file names an impossible module; remove its files";
    return true;
  }
  const std::string path =
      data_path(domain, info.module, info.name, name.pid.load(std::memory_order_relaxed));
  info.data_file = path.substr(path.rfind('/') + 1);
  auto file = open_to_look(domain, path, data_mode(Access::Group));
  if (!file) {
    if (file.error().code == ErrorCode::NotFound) return false;
    set_refusal(info, std::move(file.error()));
    return true;
  }
  Copy<SegmentHeader> header;
  if (!header.read(file->fd.get())) {
    info.condition = SegmentCondition::Corrupt;
    info.fault = fmt::format("'{}' is shorter than a header; remove it", path);
    return true;
  }
  auto layout = read_header(header.bytes, file->size, path);
  if (!layout) {
    set_fault(info, std::move(layout.error()));
    return true;
  }
  if (layout->generation != control->generation.load(std::memory_order_relaxed)) return false;
  info.layout = *layout;
  info.memory += file->allocated;
  info.sequence = header->version.load(std::memory_order_relaxed) / 2;
  info.last_write_ns = header->last_write_ns.load(std::memory_order_relaxed);
  judge_age(info);
  return true;
}

}  // namespace

std::optional<SegmentInfo> inspect(const Domain& domain, std::string_view name) {
  constexpr int kLooks = 10;
  SegmentInfo info;
  for (int look = 0; look < kLooks; ++look) {
    info = SegmentInfo();
    info.name = name;
    const std::string path = control_path(domain, name);
    auto file = open_to_look(domain, path, control_mode(Access::Group));
    if (!file) {
      if (file.error().code == ErrorCode::NotFound) return std::nullopt;
      set_refusal(info, std::move(file.error()));
      return info;
    }
    // Before the state is read: a writer that closes stores it before it lets go, so none that
    // ended well is taken for dead.
    const bool locked = is_locked(file->fd.get(), kWriterLockByte);
    Copy<ControlFile> control;
    if (!control.read(file->fd.get())) {
      info.condition = SegmentCondition::Corrupt;
      info.fault = "its control file is too short; remove it";
      return info;
    }
    // A cleaner may be holding the lock for the moment in which it marks the writer.
    if (locked && look + 1 < kLooks && is_locked(file->fd.get(), kTidyLockByte)) {
      ::sched_yield();
      continue;
    }
    if (!look_at_control(info, *file, control, locked) || look_at_data(info, domain, control)) {
      return info;
    }
  }
  // The data file was gone at each look: its writer is dead, or replaces it in a frenzy.
  info.condition = SegmentCondition::Corrupt;
  info.fault = "its data file is gone; start its writer, or clean up";
  return info;
}

namespace {

/// Adds the data files that nobody names.
void add_unclaimed(std::vector<SegmentInfo>& segments, const Domain& domain,
                   std::vector<std::string> files) {
  std::unordered_set<std::string_view> claimed;
  for (const SegmentInfo& info : segments) claimed.insert(info.data_file);
  std::erase_if(files, [&](const std::string& file) { return claimed.contains(file); });
  for (std::string& file : files) {
    const std::string path = domain.path() / file;
    if (!is_data_file_name(file)) continue;
    SegmentInfo info;
    auto opened = open_to_look(domain, path, data_mode(Access::Group));
    // Its writer may have made or removed it since the others were looked at.
    if (!opened && opened.error().code == ErrorCode::NotFound) continue;
    if (is_claimed(domain, path)) continue;
    if (opened && !is_named(path, opened->device, opened->inode)) continue;
    info.name = std::move(file);
    if (!opened) {
      set_refusal(info, std::move(opened.error()));
    } else {
      info.memory = opened->allocated;
      info.condition = SegmentCondition::Unclaimed;
      info.fault =
          "no control file names it: somebody has removed that while the writer lived; "
          "stop the writer, then remove this file";
    }
    segments.push_back(std::move(info));
  }
}

}  // namespace

}  // namespace detail

std::string_view to_string(SegmentCondition condition) noexcept {
  switch (condition) {
    case SegmentCondition::Sound:
      return "Sound";
    case SegmentCondition::Unfinished:
      return "Unfinished";
    case SegmentCondition::Stale:
      return "Stale";
    case SegmentCondition::Foreign:
      return "Foreign";
    case SegmentCondition::Corrupt:
      return "Corrupt";
    case SegmentCondition::Unreadable:
      return "Unreadable";
    case SegmentCondition::Unclaimed:
      return "Unclaimed";
  }
  return "?";
}

std::string_view to_string(Freshness freshness) noexcept {
  switch (freshness) {
    case Freshness::Unknown:
      return "Unknown";
    case Freshness::Fresh:
      return "Fresh";
    case Freshness::Late:
      return "Late";
    case Freshness::Stale:
      return "Stale";
  }
  return "?";
}

Result<std::vector<std::string>> list_segment_names(const Domain& domain) {
  if (auto valid = detail::validate(domain); !valid) return tl::unexpected(valid.error());
  auto files = detail::scan(domain);
  if (!files) return tl::unexpected(files.error());
  return std::move(files->segments);
}

Result<std::vector<SegmentInfo>> list_segments(const Domain& domain) {
  if (auto valid = detail::validate(domain); !valid) return tl::unexpected(valid.error());
  auto files = detail::scan(domain);
  if (!files) return tl::unexpected(files.error());
  std::vector<SegmentInfo> segments;
  segments.reserve(files->segments.size());
  for (const std::string& name : files->segments) {
    if (auto info = detail::inspect(domain, name)) segments.push_back(std::move(*info));
  }
  detail::add_unclaimed(segments, domain, std::move(files->data));
  return segments;
}

Result<SegmentInfo> inspect_segment(const Domain& domain, std::string_view name) {
  if (auto valid = detail::validate(domain); !valid) return tl::unexpected(valid.error());
  if (auto valid = detail::validate_segment_name(name); !valid) {
    return tl::unexpected(valid.error());
  }
  auto info = detail::inspect(domain, name);
  if (info) return std::move(*info);
  return detail::fail(ErrorCode::NotFound,
                      "segment '{}' is not in domain '{}'; start its writer, or check EVO_DOMAIN",
                      name, domain.path().string());
}

}  // namespace evo
