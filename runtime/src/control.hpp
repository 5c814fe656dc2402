/// Opening, checking and locking the control file.
#pragma once

#include <string>

#include "evo/control_file.hpp"
#include "evo/slot.hpp"
#include "file.hpp"
#include "fork_guard.hpp"
#include "mapping.hpp"
#include "process_identity.hpp"

namespace evo::detail {

/// An open control file; what it holds is advice until its lock is held.
struct Control {
  GuardedDescriptor fd;
  Mapping mapping;
  std::string path;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  uid_t uid = 0;    // of its owner
  mode_t mode = 0;  // when it was opened

  [[nodiscard]] ControlFile* operator->() const noexcept {
    return reinterpret_cast<ControlFile*>(mapping.data());
  }
  /// Entries that the reader table of this file has room for.
  [[nodiscard]] std::uint32_t table_size() const noexcept;
  /// Whether the path still names this file; checked after locking.
  [[nodiscard]] bool is_current() const { return is_named(path, device, inode); }
};

/// Opens the control file of a segment; NotFound if there is none.
Result<Control> open_control(const Domain& domain, std::string_view name, Access access);

/// Opens the control file with the writer's lock and that of the names held, making it where it
/// is missing, giving it the channel's access and a reader table that is large enough.
/// SegmentBusy names the holder.
Result<Control> lock_control(const Domain& domain, const ChannelDescription& channel);

/// Bytes of a control file with this many reader entries.
constexpr std::uint64_t control_file_size(std::uint32_t readers) {
  return align_up(sizeof(ControlFile) + std::uint64_t{readers} * sizeof(ReaderEntry), 4096);
}

/// Takes the writer's lock and then that of the names, or neither: false if somebody else holds
/// one of them. The names alone are held by who began to fence off a writer that has died since;
/// he sees to the rest.
Result<bool> lock_to_change(const Control& control);

/// Whether somebody changes the segment's names, or holds the writer's lock only to tidy up: it
/// will let go, so there is nobody yet to be refused for.
bool is_being_changed(const Control& control);

/// Text in shared memory that another process may be changing: copied by words, cut at
/// the first zero, never trusted.
std::string load_text(const char* shared, std::size_t size);
void store_text(char* shared, std::size_t size, std::string_view text);

/// Whether any reader is attached to this file.
bool has_readers(const Control& control);

/// Sleepers that died no longer count as waiting. Under the writer's lock or not: it takes the
/// locks of their entries.
void forget_dead_waiters(const Control& control);

/// Text of somebody else's, with whatever would upset a terminal replaced.
std::string printable(std::string text);

/// "pid 123 (/usr/bin/hal_core)", as far as the control file knows.
std::string describe_writer(const Control& control);

/// The mode of a control file.
constexpr mode_t control_mode(Access access) {
  return access == Access::Group ? 0660 : 0600;
}
/// The mode of data and meta files.
constexpr mode_t data_mode(Access access) {
  return access == Access::Group ? 0640 : 0600;
}

}  // namespace evo::detail
