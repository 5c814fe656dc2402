/// Opening, checking and locking the control file.
#pragma once

#include <optional>
#include <string>

#include "evo/control_file.hpp"
#include "evo/slot.hpp"
#include "file.hpp"
#include "mapping.hpp"
#include "process_identity.hpp"

namespace evo::detail {

/// An open control file; what it holds is advice until its lock is held.
struct Control {
  FileDescriptor fd;
  Mapping mapping;
  std::string path;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;

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

/// Opens the control file with the writer's lock held, making it where it is missing and
/// growing its reader table where it is too small. SegmentBusy names the holder.
Result<Control> lock_control(const Domain& domain, const ChannelDescription& channel);

/// Bytes of a control file with this many reader entries.
constexpr std::uint64_t control_file_size(std::uint32_t readers) {
  return align_up(sizeof(ControlFile) + std::uint64_t{readers} * sizeof(ReaderEntry), 4096);
}

/// Text in shared memory that another process may be changing: copied by words, cut at
/// the first zero, never trusted.
std::string load_text(const char* shared, std::size_t size);
void store_text(char* shared, std::size_t size, std::string_view text);

/// The path of the data file that `data_files[index]` names, if it names a possible one.
std::optional<std::string> data_file_path(const Domain& domain, std::string_view name,
                                          const Control& control, std::uint32_t index);

/// Under the writer's lock: removes the data file that `data_files[index]` names and forgets
/// it. False if it is still there, because this user may not remove it.
bool remove_data_file(const Domain& domain, std::string_view name, const Control& control,
                      std::uint32_t index);

/// Under the writer's lock, of a segment that is not Open: removes whatever the last writer
/// has left, wherever it died, and the control file too unless a reader is attached. A
/// reader that attaches after that look finds the segment not Open and lets go.
void remove_remains(const Domain& domain, std::string_view name, const Control& control);

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
