// SPDX-License-Identifier: Apache-2.0
#include "attachment/writer_attachment.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <vector>

#include "attachment/data_file.hpp"
#include "attachment/own_control.hpp"
#include "attachment/segment_files.hpp"
#include "attachment/teardown.hpp"
#include "evo/clock.hpp"
#include "evo/format.hpp"
#include "evo/segment_paths.hpp"
#include "protocol/opening.hpp"
#include "system/domain_checks.hpp"
#include "system/kernel_lock.hpp"

namespace evo::detail {

namespace {

std::uint32_t own_pid() {
  return static_cast<std::uint32_t>(::getpid());
}

/// The end of a path distinguishes programs.
std::string last_part(const std::string& path, std::size_t size) {
  return path.size() <= size ? path : path.substr(path.size() - size);
}

std::vector<CompatibleEntry> compatible_entries(const ChannelDescription& channel) {
  std::vector<CompatibleEntry> entries;
  for (const CompatibleLayout& layout : channel.compatible) {
    entries.push_back({.id = layout.id.bytes,
                       .version_major = layout.version.major,
                       .version_minor = layout.version.minor,
                       .field_count = layout.field_count,
                       .size = layout.size});
  }
  return entries;
}

void write_schema(std::byte* file, const SegmentLayout& layout, const ChannelDescription& channel) {
  const auto entries = compatible_entries(channel);
  if (!channel.bfbs.empty()) {
    std::memcpy(file + layout.schema_offset, channel.bfbs.data(), channel.bfbs.size());
  }
  if (!entries.empty()) {
    std::memcpy(file + layout.compatible_offset, entries.data(),
                entries.size() * sizeof(CompatibleEntry));
  }
}

/// Whether the file embeds exactly the schema that a new file would.
bool has_same_schema(const std::byte* file, const SegmentLayout& layout,
                     const ChannelDescription& channel) {
  const auto entries = compatible_entries(channel);
  const auto equals = [&](std::size_t offset, std::span<const std::byte> expected) {
    return std::equal(expected.begin(), expected.end(), file + offset);
  };
  // T1
  return equals(layout.schema_offset, std::as_bytes(channel.bfbs)) &&
         equals(layout.compatible_offset, std::as_bytes(std::span(entries)));
}

/// Registers before main(): at that time it takes less than a microsecond, but milliseconds in a
/// process that has threads. Only programs with a writer contain this file.
[[maybe_unused]] const WakeProtocol kRegisteredEarly = register_writer_for_wakes();

}  // namespace

tl::unexpected<Error> refuse_kind(const ChannelDescription& channel) {
  constexpr std::array kWriters = {"RawStateWriter", "RawStreamWriter", "LinkServer"};
  const auto index = static_cast<std::size_t>(channel.kind) - 1;
  return make_error(ErrorCode::Unsupported, "segment '{}' is a {}; create it with a {}",
                    channel.name, to_string(channel.kind),
                    index < kWriters.size() ? kWriters.at(index) : "later release");
}

WriterAttachment::WriterAttachment(Domain domain, const ChannelDescription& channel, Control locked)
    : domain_(std::move(domain)), name_(channel.name), control_(std::move(locked)) {}

Result<std::unique_ptr<WriterAttachment>> WriterAttachment::make(const ChannelDescription& channel,
                                                                 const WriterOptions& options) {
  if (auto valid = validate(options.domain); !valid) return tl::unexpected(valid.error());  // W14
  // W15
  if (auto valid = validate_segment_name(channel.name); !valid) {
    return tl::unexpected(valid.error());
  }
  // W16
  if (auto valid = validate_module_name(channel.owner); !valid) {
    return tl::unexpected(valid.error());
  }
  auto layout = plan_layout(channel);
  if (!layout) return tl::unexpected(layout.error());
  if (auto made = ensure_directory(options.domain); !made) return tl::unexpected(made.error());
  // W17. Again: another process may have created the directory since.
  if (auto valid = validate(options.domain); !valid) return tl::unexpected(valid.error());
  auto limits = options.limits ? *options.limits : ResourceLimits::from_environment();
  if (!limits) return tl::unexpected(limits.error());
  auto quota = WriterQuota::take(*limits);
  if (!quota) return tl::unexpected(quota.error());
  if (::access(control_path(options.domain, channel.name).c_str(), F_OK) != 0) {
    auto room = check_segment_count(options.domain, *limits);
    if (!room) return tl::unexpected(room.error());  // W18
  }
  // Before any lock is taken, in case it was not registered before main() (a library that was
  // loaded later).
  const WakeProtocol wake_protocol = register_writer_for_wakes();
  auto control = lock_own_control(options, channel);
  if (!control) return tl::unexpected(control.error());

  auto writer = std::make_unique<WriterAttachment>(options.domain, channel, std::move(*control));
  writer->layout_ = *layout;
  writer->quota_ = std::move(*quota);
  writer->limits_ = *limits;
  writer->wants_huge_pages_ = options.memory.huge_pages;
  writer->wake_protocol_ = wake_protocol;
  if (auto done = writer->open_or_make(channel, options.on_orphan); !done) {
    return tl::unexpected(done.error());
  }
  auto memory = writer->data_.apply(options.memory, Protection::ReadWrite);
  if (memory) {
    // Each publish reads the control file, and a push to a blocking stream its reader table.
    const auto control_memory = writer->control_.mapping.apply(
        {.lock = options.memory.lock, .prefault = options.memory.prefault}, Protection::ReadWrite);
    if (!control_memory) memory = tl::unexpected(control_memory.error());
  }
  if (!memory) {
    // What a dead writer left behind stays as it was; what this call created is removed again.
    writer->open_ = !writer->taken_over_;
    return tl::unexpected(memory.error());
  }
  writer->memory_ = std::move(*memory);
  writer->watch_.emplace(writer->control_.operator->(), &writer->control_->writer_watch,
                         EndpointPromise{.writes = true, .period_ns = writer->layout_.period_ns});
  add_note(writer->memory_, writer->warning_);
  writer->open_ = true;
  writer->control_.fd.set_held_byte(kWriterLockByte);
  // From here on the names stay, until the writer ends or is fenced off.
  unlock(writer->control_.fd.get(), kNamesLockByte);
  return writer;
}

StatePublisher WriterAttachment::publisher() noexcept {
  StatePublisher publisher(&header(), control_.operator->(), slots(), layout_.geometry,
                           incarnation_, last_);
  publisher.record_with(&*watch_);
  return publisher;
}

StreamPublisher WriterAttachment::stream_publisher() noexcept {
  return {publisher(), control_.operator->(), control_.table_size(), &control_.fd, layout_};
}

Result<void> WriterAttachment::open_or_make(const ChannelDescription& channel, OnOrphan on_orphan) {
  if (is_of_other_boot(load_bytes(control_->boot_id))) forget_earlier_boot();  // T2
  const bool orphan = is_orphan(control_);
  if (orphan && on_orphan == OnOrphan::Refuse) return refuse_orphan(control_, name_);  // T3
  // relaxed: under the writer's lock.
  const std::uint32_t current = control_->current.load(std::memory_order_relaxed) & 1U;
  // A writer that died while replacing the file left it behind (I3).
  const bool has_room = remove_data_file(domain_, name_, control_, 1U - current);
  const auto path = data_file_path(domain_, name_, control_, current);
  // T4
  taken_over_ = orphan && on_orphan == OnOrphan::TakeOver && path && find_in_place(channel, *path);
  // T5
  if (!taken_over_ && !has_room) {
    const auto stays = data_file_path(domain_, name_, control_, 1U - current);
    return make_error(
        ErrorCode::PermissionDenied,
        "segment '{}' must be recreated, but user {} may not remove '{}', left behind by an "
        "earlier writer; ask its owner or root to remove it",
        name_, ::geteuid(), stays.value_or("its file"));
  }
  begin_incarnation();
  if (taken_over_) {
    take_over();
  } else if (auto made = make_data_file(channel); !made) {
    if (!orphan) {
      // relaxed: as in the destructor. This call failed, but no writer died.
      control_->writer_pid.store(0, std::memory_order_relaxed);
      tear_down(domain_, name_, control_);
    }
    return made;
  }
  auto described = write_meta(channel);
  // A segment with an outdated `.meta` is still complete, and another user's `.meta` cannot be
  // replaced in a sticky directory.
  if (described || taken_over_ || described.error().code == ErrorCode::PermissionDenied) return {};
  open_ = true;  // to be removed again
  return described;
}

void WriterAttachment::begin_incarnation() {
  // A closing writer clears its PID. relaxed, all: under the writer's lock, and advice.
  if (is_orphan(control_) || control_->writer_pid.load(std::memory_order_relaxed) != 0) {
    control_->deaths.store(control_->deaths.load(std::memory_order_relaxed) + 1,
                           std::memory_order_relaxed);
  }
  // relaxed: advice, like the stores that follow. No PID means that the rest is being changed.
  control_->writer_pid.store(0, std::memory_order_relaxed);
  control_->found_dead_ns.store(0, std::memory_order_relaxed);
  // release [fencing-token]: a former writer that was fenced off sees it at its next publish
  // ("fenced"). A reader that sees it does not take its predecessor's mark of death for its own.
  incarnation_ = next_incarnation({control_->incarnation.load(std::memory_order_relaxed),
                                   control_->generation.load(std::memory_order_relaxed)});
  control_->incarnation.store(incarnation_, std::memory_order_release);
  const std::string executable = executable_path();
  store_text(control_->writer_executable.data(), control_->writer_executable.size(),
             last_part(executable, control_->writer_executable.size()));
  // relaxed, both: advice, published by the store of the PID.
  control_->writer_uid.store(::geteuid(), std::memory_order_relaxed);
  control_->writer_started_ns.store(realtime_ns(), std::memory_order_relaxed);
  // release, without a partner: processes that inspect copy the file, and treat the PID as advice.
  control_->writer_pid.store(own_pid(), std::memory_order_release);
  // relaxed: read by waiters, which attach after the phase below is Open.
  control_->wake_protocol.store(static_cast<std::uint32_t>(wake_protocol_),
                                std::memory_order_relaxed);
}

bool WriterAttachment::find_in_place(const ChannelDescription& channel, const std::string& path) {
  if (channel.kind == Kind::Link) return false;  // T17. Its connections end with the server.
  const ForkPause held;
  auto file = open_checked(domain_, path,
                           {O_RDWR, data_mode(channel.access), channel.access, control_.uid});
  if (!file || file->size != layout_.file_size) return false;  // T6
  const mode_t mode = data_mode(channel.access);
  // T7. An attached reader of a blocking stream uses values in place, because the group cannot move
  // its cursor yet.
  if (file->mode != mode && channel.kind == Kind::Stream && channel.overflow == Overflow::Block) {
    return false;
  }
  if (file->mode != mode && ::fchmod(file->fd.get(), mode) != 0) return false;
  mark_in_use(file->fd.get());
  auto mapping = Mapping::map(file->fd.get(), file->size, Protection::ReadWrite);
  if (!mapping) return false;
  auto found = read_header(mapping->bytes(), file->size, path);
  if (!found) return false;
  SegmentLayout expected = layout_;
  // relaxed: under the writer's lock.
  expected.generation = control_->generation.load(std::memory_order_relaxed);
  expected.boot_id = found->boot_id;
  expected.created_realtime_ns = found->created_realtime_ns;
  // T8
  if (is_of_other_boot(found->boot_id) || *found != expected ||
      !has_same_schema(mapping->data(), *found, channel))
    return false;

  const auto find_last = found->kind == Kind::State ? &find_last_complete : &find_last_of_stream;
  const auto complete_last = find_last(*reinterpret_cast<const SegmentHeader*>(mapping->data()),
                                       mapping->data() + found->slots_offset, found->geometry);
  if (!complete_last) return false;  // T9
  data_ = std::move(*mapping);
  layout_ = *found;
  last_ = *complete_last;
  return true;
}

void WriterAttachment::take_over() {
  // relaxed: advice.
  header().writer_pid.store(own_pid(), std::memory_order_relaxed);
  if (continue_after(header(), last_)) wake_all(header());
}

Result<void> WriterAttachment::make_data_file(const ChannelDescription& channel) {
  layout_.generation = incarnation_;
  layout_.boot_id = boot_id().bytes;
  layout_.created_realtime_ns = realtime_ns();
  auto warning = check_memory_share(domain_, layout_.file_size, limits_);
  if (!warning) return tl::unexpected(warning.error());
  warning_ = std::move(*warning);
  auto file =
      UnnamedFile::make(domain_, layout_.mapped_size(), data_mode(channel.access, channel.kind));
  if (!file) return tl::unexpected(file.error());
  mark_in_use(file->fd());
  auto mapping = Mapping::map(file->fd(), layout_.mapped_size(), Protection::ReadWrite);
  if (!mapping) return tl::unexpected(mapping.error());
  data_ = std::move(*mapping);
  if (channel.kind == Kind::Link) {
    if (auto made = make_room_for_connections(*file); !made) return made;
  }
  new (data_.data()) SegmentHeader;
  write_header(header(), layout_, monotonic_ns());
  // relaxed: the file has no name yet.
  header().writer_pid.store(own_pid(), std::memory_order_relaxed);
  write_schema(data_.data(), layout_, channel);
  if (channel.kind != Kind::Link) reset_slots(slots(), layout_.geometry);
  // Before it has a name: gathering takes pages away from processes that map them.
  if (wants_huge_pages_) data_.gather_huge_pages();
  last_ = 0;

  // relaxed: under the writer's lock.
  const std::uint32_t current = control_->current.load(std::memory_order_relaxed) & 1U;
  const std::uint32_t fresh = 1U - current;
  if (auto named = name_data_file(std::move(*file), channel); !named) {
    // relaxed: under the writer's lock, and no reader uses an entry that is not current.
    control_->data_files[fresh].pid.store(0, std::memory_order_relaxed);
    return named;
  }
  open_segment(*control_.operator->(), layout_.generation, fresh);
  if (data_file_path(domain_, name_, control_, current) ==
      data_file_path(domain_, name_, control_, fresh)) {
    // relaxed: under the writer's lock, and only its holder uses this entry.
    control_->data_files[current].pid.store(0, std::memory_order_relaxed);
  } else {
    // If another user's file cannot be removed, the entry continues to name it.
    static_cast<void>(remove_data_file(domain_, name_, control_, current));
  }
  return {};
}

/// Each connection is allocated when it is used first.
Result<void> WriterAttachment::make_room_for_connections(const UnnamedFile& file) {
  if (auto sized = resize_file(file.fd(), layout_.file_size, domain_.path()); !sized) return sized;
  const ForkPause held;
  data_fd_ = GuardedDescriptor(FileDescriptor(::fcntl(file.fd(), F_DUPFD_CLOEXEC, 0)), held);
  if (data_fd_.get() >= 0) return {};
  return make_system_error(errno, "cannot keep the data file open");
}

Result<void> WriterAttachment::name_data_file(UnnamedFile file, const ChannelDescription& channel) {
  const std::string path = data_path(domain_, channel.owner, name_, own_pid());
  // relaxed: under the writer's lock.
  const std::uint32_t current = control_->current.load(std::memory_order_relaxed) & 1U;
  DataFileName& entry = control_->data_files[1U - current];
  store_text(entry.module.data(), entry.module.size(), channel.owner);
  // release [data-file-name]: pairs with the acquire load; a process that sees the PID sees the
  // module. Recorded before the name exists, so that no death in between leaves an unknown file
  // behind, and no other process takes the name for a leftover.
  entry.pid.store(own_pid(), std::memory_order_release);
  auto linked = file.link(path);
  if (linked || linked.error().code != ErrorCode::AlreadyExists) return linked;
  // W19
  if (const auto other = find_other_user(domain_, path, name_)) {
    return make_error(
        ErrorCode::AlreadyExists,
        "'{}' is also the name of the data file of segment '{}'; rename one of the two segments or "
        "its module, or write the segments from two processes",
        path, *other);
  }
  // A leftover of an earlier process with our PID.
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return make_system_error(errno, fmt::format("cannot remove the leftover '{}'", path), path);
  }
  return file.link(path);
}

void WriterAttachment::forget_earlier_boot() {
  remove_data_file(domain_, name_, control_, 0);
  remove_data_file(domain_, name_, control_, 1);
  store_bytes(control_->boot_id, boot_id().bytes);
  // relaxed: under the writer's lock, and no process of this boot has attached yet.
  control_->phase.store(SegmentPhase::Empty, std::memory_order_relaxed);
  control_->waiters.store(0, std::memory_order_relaxed);
  control_->watch_session.store(0, std::memory_order_relaxed);
  for (std::uint32_t i = 0; i < control_.table_size(); ++i) {
    control_->readers()[i].waiting.store(0, std::memory_order_relaxed);
  }
}

Result<void> WriterAttachment::write_meta(const ChannelDescription& channel) {
  return replace_text(domain_, meta_path(domain_, name_), data_mode(channel.access),
                      meta_text(*this, channel));
}

WriterAttachment::~WriterAttachment() {
  if (control_.fd.in_forked_child()) return;
  // Checked while the mapping still holds the lock, because is_open() relies on it.
  if (!control_.fd.is_open()) control_.fd.abandon();
  // relaxed: if an administrator fenced us off, the files are no longer ours.
  if (!open_ || control_->incarnation.load(std::memory_order_relaxed) != incarnation_) return;
  // relaxed: ordered by the release store of the phase below. A cleared PID distinguishes a close
  // from a death.
  control_->writer_pid.store(0, std::memory_order_relaxed);
  // release [phase]: a reader that sees the close finds the last publish.
  control_->phase.store(SegmentPhase::Closed, std::memory_order_release);
  wake_all(header());
  // Only a process that fences us off can hold the names lock already. Then it removes the names,
  // even if it finds this writer gone, because the segment is Closed.
  if (control_.fd.get() < 0) return;  // the next create or cleanup removes the files
  control_.fd.set_held_byte(std::nullopt);
  const auto names = try_lock(control_.fd.get(), kNamesLockByte);
  if (names && *names) tear_down(domain_, name_, control_);
}

}  // namespace evo::detail
