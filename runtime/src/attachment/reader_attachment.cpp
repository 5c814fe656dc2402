// SPDX-License-Identifier: Apache-2.0
#include "attachment/reader_attachment.hpp"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <unordered_map>

#include "attachment/data_file.hpp"
#include "attachment/self_description.hpp"
#include "attachment/teardown.hpp"
#include "evo/clock.hpp"
#include "evo/detail/copy.hpp"
#include "evo/detail/waiting.hpp"
#include "evo/format.hpp"
#include "evo/schema_layout.hpp"
#include "evo/segment_paths.hpp"
#include "protocol/opening.hpp"
#include "schema/schema_check.hpp"
#include "system/directory_watch.hpp"
#include "system/domain_checks.hpp"
#include "system/kernel_lock.hpp"

namespace evo::detail {

namespace {

/// Number of lookups of the data file while a writer replaces it.
constexpr int kLookups = 100;

/// What the state of an entry of the reader table suggests to a reader that needs one.
enum class EntryUse { Free, Gone, Busy };

/// Classifies entries. Only advice: their locks decide.
class EntryMatcher {
 public:
  bool match(const ReaderEntry& entry, EntryUse wanted) {
    // relaxed: advice.
    const std::uint32_t pid = entry.pid.load(std::memory_order_relaxed);
    if (wanted == EntryUse::Free || pid == 0) return pid == 0 && wanted == EntryUse::Free;
    return is_gone(pid) == (wanted == EntryUse::Gone);
  }

 private:
  /// As seen from this PID namespace. Checks each process once.
  bool is_gone(std::uint32_t pid) {
    const auto [found, fresh] = gone_.try_emplace(pid, false);
    if (fresh) found->second = ::kill(static_cast<pid_t>(pid), 0) != 0 && errno == ESRCH;
    return found->second;
  }

  std::unordered_map<std::uint32_t, bool> gone_;
};

/// Whether the segment has a live writer that has finished creating it. If a dead writer's segment
/// has another schema, the next writer recreates it.
bool has_settled_writer(const Domain& domain, std::string_view name) {
  const auto file = open_checked(domain, control_path(domain, name),
                                 {O_RDONLY, control_mode(Access::Group), Access::Group});
  return file && is_locked(file->fd.get(), kWriterLockByte) &&
         !is_locked(file->fd.get(), kNamesLockByte);
}

tl::unexpected<Error> not_ready(std::string_view name) {
  return make_error(ErrorCode::NotReady,
                    "segment '{}' is still being created; try again, or pass ReaderOptions::wait",
                    name);
}

}  // namespace

ReaderAttachment::ReaderAttachment(Domain in_domain, std::string_view in_name, Control opened)
    : domain(std::move(in_domain)), name(in_name), control(std::move(opened)) {}

/// Gives the entry back to the former attachment, unless `former` is cleared.
struct ReaderAttachment::HandBack {
  HandBack(ReaderAttachment& in_reader, ReaderAttachment* in_former)
      : reader(in_reader), former(in_former) {}
  HandBack(const HandBack&) = delete;
  HandBack& operator=(const HandBack&) = delete;
  ~HandBack() {
    if (former != nullptr) reader.hand_entry_to(*former);
  }

  ReaderAttachment& reader;
  ReaderAttachment* former;
};

Result<std::unique_ptr<ReaderAttachment>> ReaderAttachment::make(const Wanted& wanted,
                                                                 const ReaderOptions& options,
                                                                 ReaderAttachment* former) {
  const auto [name, channel, kind] = wanted;
  // A1. At each attempt: another user may have created this user's own domain since the last one.
  if (auto valid = validate(options.domain); !valid) return tl::unexpected(valid.error());
  // A forked child has no entry to hand over: its descriptor is closed and its pages are zero.
  const bool hands_over = former != nullptr && !former->control.fd.in_forked_child() &&
                          former->control.fd.is_open() && former->control.is_current();
  auto reader = std::make_unique<ReaderAttachment>(options.domain, name, Control());
  reader->options = options;
  if (hands_over) {
    former->hand_entry_to(*reader);
  } else {
    auto control =
        open_control(options.domain, name, channel == nullptr ? Access::Group : channel->access);
    if (!control && control.error().code == ErrorCode::NotFound) {
      return segment_not_found(options.domain, name);
    }
    if (!control) return tl::unexpected(control.error());
    reader->control = std::move(*control);
  }
  // An error or an exception restores the former state.
  HandBack hand_back{*reader, hands_over ? former : nullptr};
  if (auto filled = reader->fill(wanted); !filled) return tl::unexpected(filled.error());
  hand_back.former = nullptr;
  // release [cursor]: pairs with the writer's acquire load, as at the end of an attachment. Until
  // this attachment has found its place, the entry protects no slot.
  if (hands_over) reader->entry().cursor.store(0, std::memory_order_release);
  return reader;
}

Result<void> ReaderAttachment::fill(const Wanted& wanted) {
  const ChannelDescription* const channel = wanted.channel;
  if (channel != nullptr) fitted_to = *channel;
  kind = wanted.kind;
  // The entry first: from here on, a closing writer leaves the control file in place.
  if (!has_entry_) {
    if (auto taken = take_entry(); !taken) return taken;
  }
  // A2. If this is a user's own domain whose directory did not exist, another user may have created
  // it. From here on it exists and is ours, so what its names say stays true.
  if (auto valid = validate(domain); !valid) return valid;
  if (!control.is_current()) return not_ready(name);  // A3
  auto mapped = map_data(channel == nullptr ? Access::Group : channel->access);
  if (!mapped) return mapped;
  if (auto sound = check_self_description(); !sound) return sound;  // A4
  if (channel != nullptr) {
    if (auto fits = check_schema(*channel); !fits) return fits;  // A5
  }
  if (auto fits = check_kind(); !fits) return fits;  // A6
  auto obtained = data.apply(options.memory, Protection::Read);
  if (!obtained) return tl::unexpected(obtained.error());
  memory = std::move(*obtained);
  // Each read of the segment begins with a load from this file.
  auto control_memory = control.mapping.apply(
      {.lock = options.memory.lock, .prefault = options.memory.prefault}, Protection::ReadWrite);
  if (!control_memory) return tl::unexpected(control_memory.error());
  // A reader has a cycle of its own: the schema's period binds the writer.
  watch.emplace(control.operator->(), &entry().watch,
                EndpointPromise{.max_age_ns = layout.max_age_ns});
  // No name has changed, so only this notifies processes that watch the directory.
  ::futimens(control.fd.get(), nullptr);
  return {};
}

void ReaderAttachment::hand_entry_to(ReaderAttachment& successor) {
  successor.control = std::move(control);
  successor.entry_index = entry_index;
  successor.has_entry_ = std::exchange(has_entry_, false);
}

Result<std::unique_ptr<ReaderAttachment>> ReaderAttachment::renew(ReaderAttachment& former,
                                                                  std::chrono::nanoseconds wait) {
  ReaderOptions options = former.options;
  options.wait = wait;
  const ChannelDescription* const channel = former.fitted_to ? &*former.fitted_to : nullptr;
  return await({former.name, channel, former.kind}, options, &former);
}

Result<std::unique_ptr<ReaderAttachment>> ReaderAttachment::await(const Wanted& wanted,
                                                                  const ReaderOptions& options,
                                                                  ReaderAttachment* former) {
  const std::string_view name = wanted.name;
  // A7
  if (auto valid = validate_segment_name(name); !valid) {
    return tl::unexpected(valid.error());
  }
  const std::uint64_t start = monotonic_ns();
  const auto left = [&] { return options.wait - std::chrono::nanoseconds(monotonic_ns() - start); };
  std::optional<DirectoryWatch> watch;
  while (true) {
    // Checked before the attempt: a writer that starts during it may recreate the segment.
    const bool settled =
        options.wait > std::chrono::nanoseconds::zero() && has_settled_writer(options.domain, name);
    auto attachment = make(wanted, options, former);
    if (attachment) return attachment;
    const ErrorCode code = attachment.error().code;
    const bool misfit = code == ErrorCode::SchemaMismatch && !settled;
    const bool may_come = misfit || code == ErrorCode::NotFound || code == ErrorCode::NotReady;
    if (!may_come || options.wait <= std::chrono::nanoseconds::zero()) {
      return attachment;
    }
    if (left() <= std::chrono::nanoseconds::zero()) {
      if (misfit) return attachment;
      return make_error(ErrorCode::Timeout, "waited {} ms: {}",
                        std::chrono::duration_cast<std::chrono::milliseconds>(options.wait).count(),
                        attachment.error().message);
    }
    // The watch starts before the next attempt, so no event is missed.
    if (watch) {
      watch->wait(name, left());
    } else {
      // Names only: each attempt opens the control file, and would wake all other waiting readers.
      watch.emplace(options.domain, Watched::Names);
    }
  }
}

WriterState ReaderAttachment::writer_state() const noexcept {
  if (control.fd.in_forked_child() || !control.fd.is_open()) return WriterState::Detached;
  constexpr int kAttempts = 10;
  for (int look = 0; look < kAttempts; ++look) {
    // The lock before the phase: a closing writer stores the phase before it frees the lock, so a
    // writer that closed is never taken for dead.
    const bool locked = is_locked(control.fd.get(), kWriterLockByte);
    // acquire [phase]: pairs with the closing writer's release store, so that a reader that sees
    // the close also finds the last publish.
    const auto phase = control->phase.load(std::memory_order_acquire);
    if (phase == SegmentPhase::Closed) {
      // relaxed: ordered by [phase]. A closing writer clears its PID. A segment that was removed
      // after its writer's death still names that writer, as does one that a successor is creating.
      const bool left = control->writer_pid.load(std::memory_order_relaxed) != 0;
      const bool dead = left && !locked && !is_locked(control.fd.get(), kWriterLockByte);
      return dead ? WriterState::Dead : WriterState::Closed;
    }
    // relaxed: advice, stored under the writer's lock. A successor clears the mark.
    if (!locked || control->found_dead_ns.load(std::memory_order_relaxed) != 0) {
      return WriterState::Dead;
    }
    // A cleaner may hold the lock for the moment in which it marks the writer.
    if (!is_locked(control.fd.get(), kCleanupLockByte)) break;
    ::sched_yield();
  }
  return WriterState::Alive;
}

WaitReason ReaderAttachment::report_news(const WriterEpoch& now,
                                         std::uint64_t incarnation) noexcept {
  const WriterEpoch before = std::exchange(last_seen_, now);
  if (now.generation != before.generation) return WaitReason::Replaced;
  // A segment is closed by its writer, or by a cleaner after the death of its writer.
  if (now.phase == SegmentPhase::Closed && writer_state() != WriterState::Dead) {
    return WaitReason::WriterClosed;
  }
  return report_death(incarnation);
}

bool ReaderAttachment::is_newly_dead(std::uint64_t incarnation) const noexcept {
  // relaxed, both: a segment that is closed or replaced is news, see take_news().
  return incarnation != reported_dead_ &&
         control->phase.load(std::memory_order_relaxed) == SegmentPhase::Open &&
         control->generation.load(std::memory_order_relaxed) == layout.generation &&
         writer_state() == WriterState::Dead;
}

/// To be called before the look at the writer: the death of a successor that takes over in between
/// is then reported, too.
std::uint64_t ReaderAttachment::writer_incarnation() const noexcept {
  // acquire [fencing-token]: pairs with the release store of a writer that takes over. A mark of
  // death that is seen after this is not its predecessor's.
  return control->incarnation.load(std::memory_order_acquire);
}

WaitReason ReaderAttachment::report_death(std::uint64_t incarnation) noexcept {
  const bool reported = std::exchange(reported_dead_, incarnation) == incarnation;
  return reported ? WaitReason::None : WaitReason::WriterDied;
}

Result<bool> ReaderAttachment::try_entry(std::uint32_t index) {
  auto locked = try_lock(control.fd.get(), reader_lock_byte(index));
  if (!locked || !*locked) return locked;  // A8
  control.fd.set_held_byte(reader_lock_byte(index));
  entry_index = index;
  has_entry_ = true;
  ReaderEntry& mine = entry();
  // relaxed, all: advice, stored under the lock of this entry (I2).
  mine.waiting.store(0, std::memory_order_relaxed);
  mine.pid.store(static_cast<std::uint32_t>(::getpid()), std::memory_order_relaxed);
  mine.attached_ns.store(realtime_ns(), std::memory_order_relaxed);
  mine.cursor.store(0, std::memory_order_relaxed);
  store_text(mine.process_name.data(), mine.process_name.size(), process_name());
  // relaxed: a stream's reader executes a fence later, before it relies on being seen.
  std::uint32_t used = control->entries_used.load(std::memory_order_relaxed);
  while (used <= index &&
         !control->entries_used.compare_exchange_weak(used, index + 1, std::memory_order_relaxed)) {
  }
  return true;
}

Result<void> ReaderAttachment::take_entry() {
  // relaxed: advice; the mapping's size bounds the access.
  const std::uint32_t limit =
      std::min(control->reader_limit.load(std::memory_order_relaxed), control.table_size());
  // First entries that look free, then those that look dead, then the others.
  EntryMatcher matcher;
  for (const EntryUse wanted : {EntryUse::Free, EntryUse::Gone, EntryUse::Busy}) {
    for (std::uint32_t i = 0; i < limit; ++i) {
      if (!matcher.match(control->readers()[i], wanted)) continue;
      const auto taken = try_entry(i);
      if (!taken) return tl::unexpected(taken.error());
      if (*taken) return {};
    }
  }
  return make_error(
      ErrorCode::ReaderTableFull,
      "segment '{}' already has {} readers, the maximum that its schema allows; detach one, or "
      "raise max_readers in the schema and restart the writer",
      name, limit);
}

Result<void> ReaderAttachment::map_data(Access access) {
  // A9
  if (is_of_other_boot(load_bytes(control->boot_id))) {
    return segment_not_found(domain, name, " (only files from a previous boot)");
  }
  for (int lookup = 0; lookup < kLookups; ++lookup) {
    const auto [phase, generation, current] = look_up(*control.operator->());
    // A10
    if (phase != SegmentPhase::Open) {
      if (is_locked(control.fd.get(), kWriterLockByte)) return not_ready(name);  // A11
      return segment_not_found(
          domain, name, phase == SegmentPhase::Closed ? " any more: its writer closed it" : "");
    }
    const auto path = data_file_path(domain, name, control, current);
    if (!path) continue;
    auto file = open_checked(domain, *path, trust_in_data(access));
    if (!file && file.error().code == ErrorCode::NotFound) continue;  // A12
    if (!file) return tl::unexpected(file.error());
    // A13
    if (file->size < kMinimumFileSize || file->size > kMaximumFileSize) {
      return make_error(
          ErrorCode::Corrupt,
          "'{}' has {} bytes, not 4 KiB to 1 GiB; stop its writer, remove the file and "
          "start the writer again",
          *path, file->size);
    }
    auto found = read_self_description(file->fd.get(), file->size, *path);
    if (!found) return tl::unexpected(found.error());
    if (found->layout.generation != generation) continue;  // A14
    auto mapping = Mapping::map(file->fd.get(), found->layout.mapped_size(), Protection::Read);
    if (!mapping) return tl::unexpected(mapping.error());
    if (kind == Kind::Link) data_fd = std::move(file->fd);
    layout = found->layout;
    bfbs = std::move(found->bfbs);
    compatible_ = std::move(found->compatible);
    data = std::move(*mapping);
    // relaxed: only decides whether to wait. A death found before the attach is no news.
    last_seen_ = {.generation = generation,
                  .phase = SegmentPhase::Open,
                  .found_dead_ns = control->found_dead_ns.load(std::memory_order_relaxed)};
    return {};
  }
  // A15. The name was there but the file is not: a writer is replacing it at this moment, or is
  // dead.
  if (is_locked(control.fd.get(), kWriterLockByte)) return not_ready(name);
  return segment_not_found(domain, name, " any more: its writer is dead and its file is gone");
}

/// The group may write the control file, so it may name a file of another member.
Trust ReaderAttachment::trust_in_data(Access access) const {
  const bool link = kind == Kind::Link;
  return {link ? O_RDWR : O_RDONLY, data_mode(access, kind.value_or(Kind::State)), access,
          control.uid};
}

Result<void> ReaderAttachment::check_self_description() {
  if (bfbs.empty() || layout.kind == Kind::Link) return {};
  const auto schema = read_schema(bfbs, name);
  if (!schema) return tl::unexpected(schema.error());
  // A16
  if (schema->size != layout.geometry.payload_size) {
    return make_error(ErrorCode::InvalidSchema,
                      "the schema embedded in segment '{}' describes {} bytes, but its slots hold "
                      "{}; rebuild its writer from a schema that the generator accepts, and "
                      "restart it",
                      name, schema->size, layout.geometry.payload_size);
  }
  return {};
}

Result<void> ReaderAttachment::check_kind() const {
  const bool fits = kind ? layout.kind == *kind : layout.kind != Kind::Link;
  if (fits) return {};
  return make_error(ErrorCode::Unsupported, "segment '{}' is a {}, not a {}; {}", name,
                    to_string(layout.kind), to_string(kind.value_or(Kind::State)),
                    layout.kind == Kind::Link     ? "connect to it as a client"
                    : layout.kind == Kind::Stream ? "attach with a RawStreamReader"
                                                  : "attach with a RawStateReader");
}

Result<void> ReaderAttachment::check_schema(const ChannelDescription& channel) {
  const bool dead = !is_locked(control.fd.get(), kWriterLockByte);
  const SegmentIdentity segment{
      layout, compatible_, bfbs,
      describe_writer(control) + (dead ? ", which is dead; start the current writer" : "")};
  auto fields = fit_schema(channel, segment);
  if (!fields) return tl::unexpected(fields.error());
  field_count = *fields;
  return {};
}

ReaderAttachment::~ReaderAttachment() {
  if (!has_entry_ || control.fd.in_forked_child()) return;
  // release [cursor]: the last read of a stream's slots comes before the writer fills them.
  entry().cursor.store(0, std::memory_order_release);
  // relaxed: advice; the lock frees the entry.
  entry().pid.store(0, std::memory_order_relaxed);
  // The descriptor's number may refer to another file by now. The lock ends with the mapping.
  if (!control.fd.is_open()) {
    control.fd.abandon();
    return;
  }
  control.fd.set_held_byte(std::nullopt);
  // Freed before the phase is read: a closing writer stores the phase, then checks the locks. One
  // of the two sees the other.
  unlock(control.fd.get(), reader_lock_byte(entry_index));
  // A new writer may open the segment in between, so it is checked again under the writer's lock.
  if (is_closed()) remove_if_closed(domain, name, control);
}

bool ReaderAttachment::is_closed() const {
  // acquire [phase]: pairs with the closing writer's release store of the phase. An Open segment is
  // the writer's responsibility, an Empty one that of its creator.
  return control->phase.load(std::memory_order_acquire) == SegmentPhase::Closed;
}

}  // namespace evo::detail
