// SPDX-License-Identifier: Apache-2.0
#include "evo/deadline_watch.hpp"

#include <fcntl.h>
#include <time.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "attachment/control.hpp"
#include "evo/detail/deadline_recorder.hpp"
#include "evo/format.hpp"
#include "evo/segment_paths.hpp"
#include "maintenance/watch_figures.hpp"
#include "system/domain_checks.hpp"
#include "system/kernel_lock.hpp"
#include "system/patience.hpp"

namespace evo {

namespace {

using detail::Control;

/// Opens the control file of a segment that is in use.
Result<Control> open_watched(const Domain& domain, std::string_view segment) {
  if (auto valid = detail::validate(domain); !valid) return tl::unexpected(valid.error());
  if (auto valid = validate_segment_name(segment); !valid) {
    return tl::unexpected(valid.error());
  }
  auto control = detail::copy_control(domain, segment, O_RDWR);
  if (!control && control.error().code == ErrorCode::NotFound) {
    return detail::segment_not_found(domain, segment);
  }
  if (control && detail::is_of_other_boot(detail::load_bytes((*control)->boot_id))) {
    return make_error(ErrorCode::NotFound,
                      "segment '{}' is left over from a previous boot; start its writer", segment);
  }
  return control;
}

/// The same, with the lock for switching the watch held. Closing the control file frees it.
Result<Control> lock_watched(const Domain& domain, std::string_view segment) {
  for (const detail::Patience patience; !patience.is_over(); detail::Patience::pause()) {
    auto control = open_watched(domain, segment);
    if (!control) return control;
    const auto locked = detail::try_lock(control->fd.get(), kWatchLockByte);
    if (!locked) return tl::unexpected(locked.error());
    // A file that has lost its name is no longer used.
    if (*locked && control->is_current() && control->refresh()) return control;
  }
  return make_error(ErrorCode::SegmentBusy,
                    "another process is holding the deadline-watch lock of segment '{}'; if it is "
                    "stopped, resume or kill it",
                    segment);
}

std::uint64_t nanoseconds_of(std::chrono::nanoseconds time) {
  return static_cast<std::uint64_t>(time.count());
}

EndDeadlines read_block(const Control& control, const WatchBlock& block, std::uint32_t session) {
  return detail::read_figures(block, session, [&] { return control.refresh(block.session); });
}

WatchOptions options_of(const Control& control) {
  return {.deadline = detail::duration_of(control->watch_deadline_ns),
          .write_deadline = detail::duration_of(control->watch_write_deadline_ns),
          .read_deadline = detail::duration_of(control->watch_read_deadline_ns)};
}

std::vector<EndDeadlines> read_readers(const Control& control, std::uint32_t session) {
  std::vector<EndDeadlines> readers;
  // relaxed, in here: advice; the locks decide which readers are alive.
  const std::uint32_t used =
      std::min(control->entries_used.load(std::memory_order_relaxed), control.table_size());
  for (std::uint32_t i = 0; i < used; ++i) {
    const ReaderEntry& entry = control->readers()[i];
    // relaxed: as above.
    const std::uint32_t pid = entry.pid.load(std::memory_order_relaxed);
    if (pid == 0 || !detail::is_locked(control.fd.get(), reader_lock_byte(i))) continue;
    EndDeadlines& reader = readers.emplace_back(read_block(control, entry.watch, session));
    reader.pid = pid;
    reader.process_name =
        printable(detail::load_text(entry.process_name.data(), entry.process_name.size()));
  }
  return readers;
}

}  // namespace

std::uint64_t JitterHistogram::total() const noexcept {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

std::chrono::nanoseconds JitterHistogram::percentile(double percent) const noexcept {
  const std::uint64_t all = total();
  if (all == 0) return std::chrono::nanoseconds::zero();
  const double share = std::clamp(percent, 0.0, 100.0) / 100.0;
  const double wanted = std::max(1.0, std::ceil(share * static_cast<double>(all)));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i + 1 < counts.size(); ++i) {
    seen += counts[i];
    if (static_cast<double>(seen) >= wanted) {
      return std::chrono::nanoseconds(static_cast<std::int64_t>(detail::jitter_bucket_end_ns(i)));
    }
  }
  return std::chrono::nanoseconds::max();
}

Result<void> start_deadline_watch(const Domain& domain, std::string_view segment,
                                  const WatchOptions& options) {
  if (std::min({options.deadline, options.write_deadline, options.read_deadline}) <
      std::chrono::nanoseconds::zero()) {
    return make_error(ErrorCode::Unsupported,
                      "a deadline of segment '{}' would be negative; give a time, or zero for none",
                      segment);
  }
  const auto control = lock_watched(domain, segment);
  if (!control) return tl::unexpected(control.error());
  const ControlFile& file = *control->operator->();
  // relaxed: under the lock (I5).
  std::uint32_t session = file.watch_sessions.load(std::memory_order_relaxed) + 1;
  if (session == 0) session = 1;  // 0 means off
  // relaxed, all: under the lock (I5); for endpoints, the last store orders them.
  constexpr auto kRelaxed = std::memory_order_relaxed;
  const auto& words = *control;
  words.store(words->watch_deadline_ns, nanoseconds_of(options.deadline), kRelaxed);
  words.store(words->watch_write_deadline_ns, nanoseconds_of(options.write_deadline), kRelaxed);
  words.store(words->watch_read_deadline_ns, nanoseconds_of(options.read_deadline), kRelaxed);
  words.store(words->watch_sessions, session, kRelaxed);
  // release [watch-session]: pairs with the acquire load of an endpoint that begins the session.
  words.store(words->watch_session, session, std::memory_order_release);
  return {};
}

Result<void> stop_deadline_watch(const Domain& domain, std::string_view segment) {
  const auto control = lock_watched(domain, segment);
  if (!control) return tl::unexpected(control.error());
  // relaxed: nothing depends on it; an endpoint that has not seen it yet counts one more operation.
  control->store((*control)->watch_session, 0U, std::memory_order_relaxed);
  return {};
}

Result<DeadlineReport> read_deadline_watch(const Domain& domain, std::string_view segment) {
  // With the lock, so that options, session and figures are consistent.
  const auto control = lock_watched(domain, segment);
  if (!control) return tl::unexpected(control.error());
  DeadlineReport report;
  // relaxed, all: under the lock (I5); the pid is advice.
  report.on = (*control)->watch_session.load(std::memory_order_relaxed) != 0;
  report.session = (*control)->watch_sessions.load(std::memory_order_relaxed);
  report.options = options_of(*control);
  report.writer = read_block(*control, (*control)->writer_watch, report.session);
  report.writer.pid = (*control)->writer_pid.load(std::memory_order_relaxed);
  const auto& executable = (*control)->writer_executable;
  const std::string path = detail::load_text(executable.data(), executable.size());
  report.writer.process_name = printable(path.substr(path.rfind('/') + 1));
  report.readers = read_readers(*control, report.session);
  return report;
}

}  // namespace evo
