// SPDX-License-Identifier: Apache-2.0
#include "attachment/control.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <new>

#include "attachment/teardown.hpp"
#include "evo/detail/copy.hpp"
#include "evo/detail/waiting.hpp"
#include "evo/format.hpp"
#include "evo/format/segment_header.hpp"
#include "evo/segment_paths.hpp"
#include "system/kernel_lock.hpp"
#include "system/lock_holders.hpp"
#include "system/patience.hpp"
#include "system/private_copy.hpp"

namespace evo::detail {

namespace {

tl::unexpected<Error> corrupt_control(const std::string& path, std::string_view what) {
  return make_error(ErrorCode::Corrupt,
                    "'{}' is not a usable control file: {}; stop the segment's writer and readers, "
                    "remove the file and start the writer again",
                    path, what);
}

constexpr std::uint64_t kLargest = control_file_size(kMaximumReaders);

/// Checks the file without mapping it, so that another user who truncates it does no harm.
Result<void> check(const Control& control, std::uint64_t size, std::string_view name) {
  const std::string& path = control.path;
  const auto wrong_size = [&] {
    return corrupt_control(path, fmt::format("its size is {} bytes", size));
  };
  Copy<ControlFile> head;
  if (!head.read(control.fd.get())) return wrong_size();                       // C1
  if (!has_control_magic(*head)) return corrupt_control(path, "wrong magic");  // C2
  // C3. Another format may have other sizes, and the name elsewhere.
  if (auto usable = check_format(*head, path); !usable) return usable;
  // C4
  if (size < control_file_size(1) || size > kLargest || size % kPageSize != 0) return wrong_size();
  // C5
  if (load_text(head->name.data(), head->name.size()) != name) {
    return corrupt_control(path, "it is the control file of another segment");
  }
  return {};
}

/// How to access an opened control file.
enum class Looking : bool { Mapped, Copied };

Result<Control> open_trusted(const Domain& domain, std::string_view name, const Trust& trust,
                             Looking looking) {
  Control control;
  control.path = control_path(domain, name);
  std::uint64_t size = 0;
  {
    const ForkPause held;
    auto file = open_checked(domain, control.path, trust);
    if (!file) return tl::unexpected(file.error());
    control.fd = GuardedDescriptor(std::move(file->fd), held);
    control.device = file->device;
    control.inode = file->inode;
    control.uid = file->uid;
    control.mode = file->mode;
    size = file->size;
  }
  if (auto sound = check(control, size, name); !sound) return tl::unexpected(sound.error());
  if (looking == Looking::Copied) {
    control.copy.resize(size / sizeof(std::uint64_t));
    if (!control.refresh()) return corrupt_control(control.path, "it is being truncated");  // C6
    return control;
  }
  auto mapping = Mapping::map(control.fd.get(), size, Protection::ReadWrite);
  if (!mapping) return tl::unexpected(mapping.error());
  control.mapping = std::move(*mapping);
  return control;
}

/// Creates the control file. The file has the writer's lock before it has a name, so no process
/// ever takes it for a leftover. AlreadyExists if another process was faster.
Result<Control> make_control(const Domain& domain, const ChannelDescription& channel) {
  Control control;
  control.path = control_path(domain, channel.name);
  const std::uint64_t size = control_file_size(channel.max_readers);
  auto file = UnnamedFile::make(domain, size, control_mode(channel.access));
  if (!file) return tl::unexpected(file.error());
  auto mapping = Mapping::map(file->fd(), size, Protection::ReadWrite);
  if (!mapping) return tl::unexpected(mapping.error());
  control.mapping = std::move(*mapping);
  auto* fresh = new (control.mapping.data()) ControlFile;
  fresh->boot_id = boot_id().bytes;
  std::memcpy(fresh->name.data(), channel.name.data(), channel.name.size());
  // relaxed: the file has no name yet; linking it publishes everything.
  fresh->reader_limit.store(channel.max_readers, std::memory_order_relaxed);
  struct stat status {};
  if (::fstat(file->fd(), &status) != 0) {
    return make_system_error(errno, fmt::format("cannot inspect '{}'", control.path), control.path);
  }
  control.device = status.st_dev;
  control.inode = status.st_ino;
  control.uid = status.st_uid;
  control.mode = status.st_mode & 07777U;
  for (const std::uint64_t byte : {kWriterLockByte, kNamesLockByte}) {
    if (auto locked = try_lock(file->fd(), byte); !locked) return tl::unexpected(locked.error());
  }
  if (auto linked = file->link(control.path); !linked) return tl::unexpected(linked.error());
  control.fd = std::move(*file).take();
  return control;
}

/// Call with the writer's lock held. Makes the reader table large enough for the channel's readers
/// (I4).
Result<void> grow(Control& control, const Domain& domain, const ChannelDescription& channel) {
  if (control.table_size() < channel.max_readers) {
    const std::uint64_t size = control_file_size(channel.max_readers);
    if (auto done = allocate_file(control.fd.get(), size, domain.path()); !done) return done;
    auto mapping = Mapping::map(control.fd.get(), size, Protection::ReadWrite);
    if (!mapping) return tl::unexpected(mapping.error());
    control.mapping = std::move(*mapping);
  }
  // relaxed: a reader that sees the new limit maps the file after opening it, and
  // checks its own mapping's size.
  control->reader_limit.store(channel.max_readers, std::memory_order_relaxed);
  return {};
}

/// Call with the writer's lock held. Sets the file's mode to that of the channel's access, which
/// may have changed since another build of the writer created it. Only adds permissions: a process
/// with the file open keeps the access that it has.
Result<void> set_access(Control& control, const ChannelDescription& channel) {
  const mode_t wanted = control_mode(channel.access);
  if ((control.mode & ~wanted) != 0 || control.mode == wanted || control.uid != ::geteuid()) {
    return {};
  }
  if (::fchmod(control.fd.get(), wanted) != 0) {
    return make_system_error(errno, fmt::format("cannot set the mode of '{}'", control.path),
                             control.path);
  }
  control.mode = wanted;
  return {};
}

/// Opens an existing control file for a writer. A mode wider than the channel's access is accepted
/// if this user owns the file and so can replace it.
Result<Control> open_to_write(const Domain& domain, const ChannelDescription& channel) {
  auto control = open_trusted(
      domain, channel.name, {O_RDWR, control_mode(Access::Group), channel.access}, Looking::Mapped);
  // W1
  if (control && (control->mode & ~control_mode(channel.access)) != 0 &&
      control->uid != ::geteuid()) {
    // Reports what is wrong with it.
    return open_control(domain, channel.name, channel.access);
  }
  return control;
}

/// Whether the holder of the writer's lock has announced itself as a writer. Otherwise it is still
/// starting, is closing, or is the last reader of a closed segment, which tears it down.
bool names_live_writer(const Control& control) {
  // W2. relaxed: advice; a process that is wrong about it checks again. A PID alone may be that of
  // a writer that died, while a reader holds the lock for the teardown.
  return control->writer_pid.load(std::memory_order_relaxed) != 0 &&
         control->phase.load(std::memory_order_relaxed) == SegmentPhase::Open;
}

/// Like lock_to_change(), but takes kCleanupLockByte first, the lock of processes that hold the
/// writer's lock only for a moment: a process that fences off a live writer must not take this one
/// for a writer.
Result<bool> lock_to_create(const Control& control) {
  auto locked = try_lock(control.fd.get(), kCleanupLockByte);
  if (!locked || !*locked) return locked;  // W3
  locked = lock_to_change(control);
  unlock(control.fd.get(), kCleanupLockByte);
  return locked;
}

/// The control file, and whether this process holds both locks.
struct Found {
  Control control;
  bool locked = false;
};

Result<Found> find_or_make(const Domain& domain, const ChannelDescription& channel) {
  auto control = open_to_write(domain, channel);
  if (control) {
    const auto locked = lock_to_create(*control);
    if (!locked) return tl::unexpected(locked.error());
    return Found{std::move(*control), *locked};
  }
  if (control.error().code != ErrorCode::NotFound) return tl::unexpected(control.error());
  control = make_control(domain, channel);
  if (!control) return tl::unexpected(control.error());
  return Found{std::move(*control), true};
}

/// Call with the writer's lock held. Makes the file fit the channel.
Result<Control> prepare(Control control, const Domain& domain, const ChannelDescription& channel) {
  auto prepared = set_access(control, channel);
  if (prepared) prepared = grow(control, domain, channel);
  if (prepared) return control;
  // relaxed: under the writer's lock.
  if (control->phase.load(std::memory_order_relaxed) != SegmentPhase::Open) {
    tear_down(domain, channel.name, control);
  }
  return tl::unexpected(prepared.error());
}

}  // namespace

std::uint32_t Control::table_size() const noexcept {
  const std::size_t size = copy.empty() ? mapping.size() : copy.size() * sizeof(std::uint64_t);
  return static_cast<std::uint32_t>((size - sizeof(ControlFile)) / sizeof(ReaderEntry));
}

bool Control::refresh_bytes(std::size_t offset, std::size_t size) const {
  if (copy.empty()) return true;
  auto* const start = reinterpret_cast<std::byte*>(operator->());
  return ::pread(fd.get(), start + offset, size, static_cast<off_t>(offset)) ==
         static_cast<ssize_t>(size);
}

bool Control::write_bytes(std::size_t offset, std::size_t size) const {
  const auto* const start = reinterpret_cast<const std::byte*>(operator->());
  // A write beyond its end would make the file grow again.
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0 || static_cast<std::size_t>(status.st_size) < offset + size) {
    return false;
  }
  return ::pwrite(fd.get(), start + offset, size, static_cast<off_t>(offset)) ==
         static_cast<ssize_t>(size);
}

bool has_control_magic(const ControlFile& head) noexcept {
  return head.magic == kControlMagic || head.magic == kFormerControlMagic;
}

Result<void> check_format(const ControlFile& head, std::string_view path) {
  // C7
  if (head.magic == kControlMagic && head.format_min <= kControlFormatVersion &&
      head.format >= kOldestUsableControlFormat) {
    return {};
  }
  return make_error(
      ErrorCode::FormatMismatch,
      "'{}' has control format {} (oldest compatible format: {}), but this build reads {}: another "
      "release of EVO Channels created it; build all modules with the same release, and once no "
      "process uses the segment, remove it (evo-shm recover --force)",
      path, head.format, head.format_min, kControlFormatVersion);
}

Result<Control> open_control(const Domain& domain, std::string_view name, Access access) {
  return open_trusted(domain, name, {O_RDWR, control_mode(access), access}, Looking::Mapped);
}

Result<Control> copy_control(const Domain& domain, std::string_view name, int flags) {
  return open_trusted(domain, name, {flags, control_mode(Access::Group), Access::Group},
                      Looking::Copied);
}

Result<Control> lock_control(const Domain& domain, const ChannelDescription& channel) {
  const Patience patience;
  while (true) {
    auto found = find_or_make(domain, channel);
    if (!found && found.error().code != ErrorCode::AlreadyExists) {
      return tl::unexpected(found.error());
    }
    if (found && found->locked && found->control.is_current()) {
      return prepare(std::move(found->control), domain, channel);
    }
    const bool tired = patience.is_over();
    if (found && !found->locked) {
      const bool changes = is_being_changed(found->control);
      if (changes && tired) {
        return make_error(
            ErrorCode::SegmentBusy,
            "segment '{}' is locked by another process that is creating, closing or cleaning it "
            "up, perhaps {}; if that process is stopped, resume or kill it",
            channel.name, describe_writer(found->control));
      }
      if (tired || (!changes && names_live_writer(found->control))) {
        return make_error(ErrorCode::SegmentBusy, "segment '{}' {}", channel.name,
                          describe_holder(found->control));
      }
      Patience::pause();
    } else if (tired) {
      // Each time, another process has just created or just removed it.
      return make_error(
          ErrorCode::SegmentBusy,
          "other processes keep creating and removing segment '{}'; find out which, and stop them",
          channel.name);
    }
  }
}

Result<bool> lock_to_change(const Control& control) {
  auto locked = try_lock(control.fd.get(), kWriterLockByte);
  if (!locked || !*locked) return locked;
  locked = try_lock(control.fd.get(), kNamesLockByte);
  if (!locked || !*locked) unlock(control.fd.get(), kWriterLockByte);
  return locked;
}

bool is_being_changed(const Control& control) {
  return is_locked(control.fd.get(), kCleanupLockByte) ||
         is_locked(control.fd.get(), kNamesLockByte);
}

std::string load_text(const char* shared, std::size_t size) {
  std::array<char, 256> text;
  size = std::min(size, text.size());
  copy_words_from_shared(reinterpret_cast<std::byte*>(text.data()),
                         reinterpret_cast<const std::byte*>(shared), size);
  return {text.data(), ::strnlen(text.data(), size)};
}

void store_text(char* shared, std::size_t size, std::string_view text) {
  std::string padded(text.substr(0, size));
  padded.resize(size, '\0');
  copy_words_to_shared(reinterpret_cast<std::byte*>(shared),
                       reinterpret_cast<const std::byte*>(padded.data()), size);
}

bool has_readers(const Control& control) {
  return is_locked(control.fd.get(), reader_lock_byte(0), kMaximumReaders);
}

std::uint64_t next_incarnation(std::initializer_list<std::uint64_t> used) {
  // No clock returns such a number, so it is damage.
  constexpr std::uint64_t kDamaged = std::uint64_t{1} << 62;
  std::uint64_t next = realtime_ns() / 1000;
  for (const std::uint64_t each : used) {
    if (each + 1 < kDamaged) next = std::max(next, each + 1);
  }
  return next;
}

std::string describe_writer(const Control& control) {
  const std::string executable =
      printable(load_text(control->writer_executable.data(), control->writer_executable.size()));
  // relaxed: advice.
  const std::uint32_t pid = control->writer_pid.load(std::memory_order_relaxed);
  if (pid == 0) return "a process that is still starting";
  return fmt::format("pid {} ({})", pid, executable.empty() ? "unknown" : executable);
}

std::string describe_holder(const Control& control) {
  // relaxed: advice.
  const std::uint32_t pid = control->writer_pid.load(std::memory_order_relaxed);
  const std::string writer = describe_writer(control);
  switch (look_at_process(pid)) {
    case ProcessState::DumpingCore:
      return fmt::format(
          "has a crashed writer, {}, whose core is being dumped; the kernel frees the segment when "
          "the dump is written: try again, limit the dump (ulimit -c), or fence the writer off "
          "(evo-shm recover --force)",
          writer);
    case ProcessState::Gone: {
      const LockHolders holders = find_holders(control.device, control.inode, kWriterLockByte, pid);
      if (!holders.writer.empty()) {
        return fmt::format(
            "has a live writer, {} in another PID namespace, {} here; stop it first, or write to "
            "another domain",
            writer, holders.writer);
      }
      if (holders.others.empty()) {
        return fmt::format(
            "is locked by a process that cannot be seen from here: its writer, {} in another PID "
            "namespace, or a child that the writer left behind; stop it, or write to another "
            "domain",
            writer);
      }
      return fmt::format(
          "is still locked, although its writer, {}, is dead: a child made by a raw clone or by "
          "_Fork() inherits the lock; end process {}",
          writer, holders.others);
    }
    case ProcessState::Alive:
      break;
  }
  return fmt::format("has a live writer, {}; stop it first, or write to another domain", writer);
}

}  // namespace evo::detail
