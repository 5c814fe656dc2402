// SPDX-License-Identifier: Apache-2.0
/// Opening, checking and locking the control file.
#pragma once

#include <array>
#include <atomic>
#include <initializer_list>
#include <string>
#include <vector>

#include "evo/detail/copy.hpp"
#include "evo/format/control_file.hpp"
#include "evo/format/slot.hpp"
#include "evo/text.hpp"
#include "system/file.hpp"
#include "system/fork_guard.hpp"
#include "system/mapping.hpp"
#include "system/process_identity.hpp"

namespace evo::detail {

/// An open control file. Its contents are advice until its lock is held.
///
/// Endpoints map it. Processes that only maintain segments use a private copy instead, because
/// another user may truncate a mapped file under them (SIGBUS). They read the copy again with
/// `refresh` once they hold its locks, and change the file with `store`.
struct Control {
  GuardedDescriptor fd;
  Mapping mapping;                       // unless it is a copy
  std::vector<std::uint64_t> copy = {};  // words of the file, for processes that maintain segments
  std::string path;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  uid_t uid = 0;    // of its owner
  mode_t mode = 0;  // when it was opened

  [[nodiscard]] ControlFile* operator->() const noexcept {
    // The copy is this handle's own. As with a mapping, constness is that of the handle.
    auto* const words = copy.empty() ? nullptr : const_cast<std::uint64_t*>(copy.data());
    return words != nullptr ? reinterpret_cast<ControlFile*>(words)
                            : reinterpret_cast<ControlFile*>(mapping.data());
  }
  /// Reads a copy again. False if the file has been truncated.
  [[nodiscard]] bool refresh() const {
    return refresh_bytes(0, copy.size() * sizeof(std::uint64_t));
  }
  /// The same for one word; a mapping needs no refresh.
  template <class T>
  [[nodiscard]] bool refresh(const std::atomic<T>& word) const {
    return refresh_bytes(offset_of(&word), sizeof word);
  }
  /// Changes a word of the file. False if the file has been truncated.
  template <class T>
  bool store(std::atomic<T>& word, T value, std::memory_order order) const {
    word.store(value, order);
    return copy.empty() || write_bytes(offset_of(&word), sizeof word);
  }

  /// Number of entries that fit in the reader table of this file.
  [[nodiscard]] std::uint32_t table_size() const noexcept;
  /// Whether the path still names this file; checked after locking.
  [[nodiscard]] bool is_current() const { return is_named(path, device, inode); }

 private:
  [[nodiscard]] std::size_t offset_of(const void* word) const {
    return static_cast<std::size_t>(static_cast<const std::byte*>(word) -
                                    reinterpret_cast<const std::byte*>(operator->()));
  }
  [[nodiscard]] bool refresh_bytes(std::size_t offset, std::size_t size) const;
  [[nodiscard]] bool write_bytes(std::size_t offset, std::size_t size) const;
};

/// Opens and maps the control file of a segment, for an endpoint; NotFound if there is none.
Result<Control> open_control(const Domain& domain, std::string_view name, Access access);

/// Whether it begins as a control file of any format does.
bool has_control_magic(const ControlFile& head) noexcept;

/// FormatMismatch if this build cannot use a control file that begins like this.
Result<void> check_format(const ControlFile& head, std::string_view path);

/// Opens the control file of a segment and copies it, to maintain the segment; NotFound if there is
/// none. `flags`: O_RDWR to take locks and to store; O_RDONLY only to inspect, which processes that
/// watch the directory do not notice.
Result<Control> copy_control(const Domain& domain, std::string_view name, int flags);

/// Opens the control file and takes the writer's lock and the names lock. Creates the file if it is
/// missing, widens its mode to the channel's access, and makes its reader table large enough.
/// SegmentBusy names the holder.
Result<Control> lock_control(const Domain& domain, const ChannelDescription& channel);

/// Bytes of a control file with this many reader entries.
constexpr std::uint64_t control_file_size(std::uint32_t readers) {
  return align_up(sizeof(ControlFile) + std::uint64_t{readers} * sizeof(ReaderEntry), 4096);
}

/// Takes the writer's lock and then the names lock, or neither; false if another process holds one
/// of them. A process that holds only the names lock is fencing off a writer that has died since;
/// it completes the removal.
Result<bool> lock_to_change(const Control& control);

/// The fencing token of the next writer: greater than those tokens in `used` that a clock can have
/// returned, and greater than every token of an earlier control file, which may have left no trace.
/// So it is at least the real time in microseconds since 1970; a create takes longer than one
/// microsecond. It can be smaller than an earlier token only if the real-time clock was set back
/// and, in between, there was no control file or its words were damaged.
std::uint64_t next_incarnation(std::initializer_list<std::uint64_t> used);

/// Whether another process is changing the segment's names, or holds the writer's lock only to
/// clean up. It will free the locks, so there is no live writer to report yet.
bool is_being_changed(const Control& control);

/// Text in shared memory that another process may be changing: copied word by word, truncated at
/// the first zero, never trusted.
std::string load_text(const char* shared, std::size_t size);
void store_text(char* shared, std::size_t size, std::string_view text);

/// The same for bytes that are not text.
template <std::size_t kSize>
std::array<std::uint8_t, kSize> load_bytes(const std::array<std::uint8_t, kSize>& shared) {
  std::array<std::uint8_t, kSize> bytes;
  copy_from_shared<kSize>(bytes.data(), reinterpret_cast<const std::byte*>(shared.data()));
  return bytes;
}
template <std::size_t kSize>
void store_bytes(std::array<std::uint8_t, kSize>& shared,
                 const std::array<std::uint8_t, kSize>& bytes) {
  copy_to_shared<kSize>(reinterpret_cast<std::byte*>(shared.data()), bytes.data());
}

/// Whether any reader is attached to this file.
bool has_readers(const Control& control);

/// "pid 123 (/usr/bin/hal_core)", as recorded in the control file.
std::string describe_writer(const Control& control);

/// Explains why the writer's lock is held: by a live writer, by one that is dumping core, or by a
/// child of a dead one.
std::string describe_holder(const Control& control);

/// The mode of a control file.
constexpr mode_t control_mode(Access access) {
  return access == Access::Group ? 0660 : 0600;
}
/// The mode of meta files, and of data files of this kind: the clients of a link write, too.
constexpr mode_t data_mode(Access access, Kind kind = Kind::State) {
  if (kind == Kind::Link) return control_mode(access);
  return access == Access::Group ? 0640 : 0600;
}
/// The widest mode that a data file may have.
inline constexpr mode_t kWidestDataMode = data_mode(Access::Group, Kind::Link);

}  // namespace evo::detail
