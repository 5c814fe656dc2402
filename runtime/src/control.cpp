#include "control.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <new>

#include "evo/detail/copy.hpp"
#include "evo/segment_header.hpp"
#include "kernel_lock.hpp"

namespace evo::detail {

namespace {

/// How often opening starts over because somebody removed or made the file meanwhile.
constexpr int kOpenAttempts = 100;
/// How long to wait for a holder of the writer's lock that is about to let go of it or to
/// say who it is.
constexpr timespec kHolderPause{0, 100'000};

tl::unexpected<Error> corrupt_control(const std::string& path, std::string_view what) {
  return fail(ErrorCode::Corrupt,
              "'{}' is not a usable control file: {}; stop the segment's writer and readers, "
              "remove the file and start the writer again",
              path, what);
}

Result<Control> check(OpenedFile file, const std::string& path, std::string_view name) {
  constexpr std::uint64_t kLargest = control_file_size(kMaximumReaders);
  if (file.size < control_file_size(1) || file.size > kLargest || file.size % kPageSize != 0) {
    return corrupt_control(path, fmt::format("its size is {} bytes", file.size));
  }
  auto mapping = Mapping::map(file.fd.get(), file.size, Protection::ReadWrite);
  if (!mapping) return tl::unexpected(mapping.error());
  Control control{std::move(file.fd), std::move(*mapping), path, file.device, file.inode};
  if (control->magic != kControlMagic) return corrupt_control(path, "wrong magic");
  if (control->format_min > kControlFormatVersion || control->format < 1) {
    return fail(ErrorCode::FormatMismatch,
                "'{}' is of control format {} (readable from {}), this build reads {}; build all "
                "ends against the same release of EVO Channels",
                path, control->format, control->format_min, kControlFormatVersion);
  }
  if (load_text(control->name.data(), control->name.size()) != name) {
    return corrupt_control(path, "it is the control file of another segment");
  }
  return control;
}

Result<void> make_control(const Domain& domain, const ChannelDescription& channel,
                          const std::string& path) {
  const std::uint64_t size = control_file_size(channel.max_readers);
  auto file = UnnamedFile::make(domain, size, control_mode(channel.access));
  if (!file) return tl::unexpected(file.error());
  auto mapping = Mapping::map(file->fd(), size, Protection::ReadWrite);
  if (!mapping) return tl::unexpected(mapping.error());
  auto* control = new (mapping->data()) ControlFile;
  control->boot_id = boot_id().bytes;
  std::memcpy(control->name.data(), channel.name.data(), channel.name.size());
  // relaxed: the file has no name yet; linking it publishes everything.
  control->reader_limit.store(channel.max_readers, std::memory_order_relaxed);
  auto linked = file->link(path);
  if (!linked && linked.error().code == ErrorCode::AlreadyExists) return {};  // somebody was faster
  return linked;
}

/// Under the writer's lock: gives the reader table room for the channel's readers (I4).
Result<void> grow(Control& control, const Domain& domain, const ChannelDescription& channel) {
  if (control.table_size() < channel.max_readers) {
    const std::uint64_t size = control_file_size(channel.max_readers);
    if (auto done = allocate(control.fd.get(), size, domain.path().string()); !done) return done;
    auto mapping = Mapping::map(control.fd.get(), size, Protection::ReadWrite);
    if (!mapping) return tl::unexpected(mapping.error());
    control.mapping = std::move(*mapping);
  }
  // relaxed: a reader that sees the new limit maps the file after opening it, and
  // checks its own mapping's size.
  control->reader_limit.store(channel.max_readers, std::memory_order_relaxed);
  return {};
}

/// Whether whoever holds the writer's lock has said that it writes. Else it is just
/// starting or closing, or it is the last reader of a closed segment, which clears up.
bool names_live_writer(const Control& control) {
  // relaxed: advice; whoever is wrong about it looks again. A pid alone may be that of a
  // writer that died, while a reader holds the lock to clear up.
  return control->writer_pid.load(std::memory_order_relaxed) != 0 &&
         control->state.load(std::memory_order_relaxed) ==
             static_cast<std::uint32_t>(ControlState::Open);
}

}  // namespace

std::uint32_t Control::table_size() const noexcept {
  return static_cast<std::uint32_t>((mapping.size() - sizeof(ControlFile)) / sizeof(ReaderEntry));
}

Result<Control> open_control(const Domain& domain, std::string_view name, Access access) {
  const std::string path = control_path(domain, name);
  auto file = open_checked(domain, path, {O_RDWR, control_mode(access), access});
  if (!file) return tl::unexpected(file.error());
  return check(std::move(*file), path, name);
}

Result<Control> lock_control(const Domain& domain, const ChannelDescription& channel) {
  const std::string path = control_path(domain, channel.name);
  for (int attempt = 0; attempt < kOpenAttempts; ++attempt) {
    auto control = open_control(domain, channel.name, channel.access);
    if (!control && control.error().code == ErrorCode::NotFound) {
      if (auto made = make_control(domain, channel, path); !made) {
        return tl::unexpected(made.error());
      }
      continue;
    }
    if (!control) return control;
    auto locked = try_lock(control->fd.get(), kWriterLockByte);
    if (!locked) return tl::unexpected(locked.error());
    if (!*locked) {
      if (names_live_writer(*control) || attempt + 1 == kOpenAttempts) {
        return fail(ErrorCode::SegmentBusy,
                    "segment '{}' has a live writer, {}; stop it first, or write to another domain",
                    channel.name, describe_writer(*control));
      }
      ::nanosleep(&kHolderPause, nullptr);
      continue;
    }
    if (!control->is_current()) continue;  // the previous writer has just removed it
    if (auto grown = grow(*control, domain, channel); !grown) {
      return tl::unexpected(grown.error());
    }
    return control;
  }
  return fail(ErrorCode::SegmentBusy,
              "segment '{}' is made and removed over and over by others; find out who does it",
              channel.name);
}

std::string load_text(const char* shared, std::size_t size) {
  std::string text(size, '\0');
  copy_words_from_shared(reinterpret_cast<std::byte*>(text.data()),
                         reinterpret_cast<const std::byte*>(shared), size);
  text.resize(std::min(text.find('\0'), size));
  return text;
}

void store_text(char* shared, std::size_t size, std::string_view text) {
  std::string padded(text.substr(0, size));
  padded.resize(size, '\0');
  copy_words_to_shared(reinterpret_cast<std::byte*>(shared),
                       reinterpret_cast<const std::byte*>(padded.data()), size);
}

std::optional<std::string> data_file_path(const Domain& domain, std::string_view name,
                                          const Control& control, std::uint32_t index) {
  const DataFileName& file = control->data_files[index];
  // acquire [H]: pairs with the store [I] of whoever named the file, so that the
  // module read next is the one that belongs to this pid.
  const std::uint32_t pid = file.pid.load(std::memory_order_acquire);
  if (pid == 0) return std::nullopt;
  const std::string module = load_text(file.module.data(), file.module.size());
  if (!validate_module_name(module)) return std::nullopt;
  return data_path(domain, module, name, pid);
}

bool remove_data_file(const Domain& domain, std::string_view name, const Control& control,
                      std::uint32_t index) {
  if (const auto path = data_file_path(domain, name, control, index)) {
    if (::unlink(path->c_str()) != 0 && errno != ENOENT) return false;
  }
  // relaxed: a reader that still sees the old name finds no file and looks again.
  control->data_files[index].pid.store(0, std::memory_order_relaxed);
  return true;
}

void remove_remains(const Domain& domain, std::string_view name, const Control& control) {
  const bool data_gone =
      remove_data_file(domain, name, control, 0) && remove_data_file(domain, name, control, 1);
  // Somebody has removed our control file (RemoveIPC, an operator): the files that now bear
  // the segment's names may be a successor's.
  if (!control.is_current()) return;
  const std::string meta = meta_path(domain, name);
  ::unlink(meta.c_str());
  ::unlink(unfinished_path(meta).c_str());
  // The control file goes last, because it knows the names of the others.
  if (data_gone && !is_locked(control.fd.get(), reader_lock_byte(0), kMaximumReaders)) {
    ::unlink(control.path.c_str());
  }
}

std::string describe_writer(const Control& control) {
  std::string executable =
      load_text(control->writer_executable.data(), control->writer_executable.size());
  std::replace_if(
      executable.begin(), executable.end(),
      [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }, '?');
  // relaxed: advice.
  const std::uint32_t pid = control->writer_pid.load(std::memory_order_relaxed);
  if (pid == 0) return "which is just starting";
  return fmt::format("pid {} ({})", pid, executable.empty() ? "unknown" : executable);
}

}  // namespace evo::detail
