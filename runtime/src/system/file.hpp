// SPDX-License-Identifier: Apache-2.0
/// Files of a domain: checked when opened, created completely or not at all.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "evo/channel.hpp"
#include "evo/domain.hpp"
#include "evo/error.hpp"
#include "evo/memory_share.hpp"
#include "system/file_descriptor.hpp"
#include "system/fork_guard.hpp"

namespace evo::detail {

/// The conditions under which a file is trusted.
struct Trust {
  int flags;            ///< O_RDONLY or O_RDWR
  mode_t allowed_mode;  ///< no permission bit beyond these
  Access access;        ///< with Group, another owner is accepted if the file's group is ours
  /// With Group: if given, the only other owner that is accepted.
  std::optional<uid_t> only_owner = {};
};

/// An opened, checked file.
struct OpenedFile {
  FileDescriptor fd;
  std::uint64_t size = 0;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  uid_t uid = 0;
  mode_t mode = 0;              ///< permission bits
  std::uint64_t allocated = 0;  ///< bytes of memory
};

/// Opens a file of a domain without following links or blocking. Checks that it is a regular file,
/// has no permissions beyond those allowed, and is owned by this user, by root or by the owner of
/// the domain's directory (who could replace it anyway). Another owner in our group is accepted
/// only in a directory where no third user can replace the file. In a user's own domain, only files
/// of that user and of root are accepted.
Result<OpenedFile> open_checked(const Domain& domain, const std::string& path, const Trust& trust);

/// The same for a name in an open directory, which must be the domain's.
Result<OpenedFile> open_checked_at(int directory, const std::string& name, const Domain& domain,
                                   const Trust& trust);

/// A file that has no name yet. A forked child has no descriptor of it. If the file is mapped when
/// this object ends, locks taken through its descriptor last as long as the mapping.
class UnnamedFile {
 public:
  /// Creates a file of `size` zero bytes, all of them allocated (no SIGBUS later).
  static Result<UnnamedFile> make(const Domain& domain, std::uint64_t size, mode_t mode);
  UnnamedFile(UnnamedFile&&) noexcept = default;
  UnnamedFile& operator=(UnnamedFile&&) noexcept = default;
  ~UnnamedFile();

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

  /// Gives the file its name. Fails with AlreadyExists if the name is taken.
  Result<void> link(const std::string& path);

  /// Hands over the descriptor.
  GuardedDescriptor take() && { return std::move(fd_); }

 private:
  UnnamedFile() = default;

  /// Returns 0 or errno.
  int open(const std::string& directory, mode_t mode);

  GuardedDescriptor fd_;
  std::string temporary_;  // its name where the file system has no O_TMPFILE
};

/// Makes the file this long; new bytes are zero and not allocated. ResourceExhausted, Io.
Result<void> resize_file(int fd, std::uint64_t size, const std::string& directory);

/// Allocates these bytes, and makes the file longer if they are behind its end. ResourceExhausted:
/// the file system is full, or the process's limit is lower.
Result<void> allocate_range(int fd, std::uint64_t offset, std::uint64_t size,
                            const std::string& directory);

/// Whether every process that may use the domain trusts this user's files: true for root and for
/// the owner of the domain's directory.
bool is_trusted_by_all(const Domain& domain, uid_t uid);

/// Whether the path still names this file.
bool is_named(const std::string& path, std::uint64_t device, std::uint64_t inode);

/// The first 4 KiB of one of the kernel's own files; empty if it cannot be read.
std::string read_text(const char* path);

/// Atomically replaces the file `path` with one that holds this text. Only one process may do so at
/// a time.
Result<void> replace_text(const Domain& domain, const std::string& path, mode_t mode,
                          std::string_view text);

/// The temporary name of the new text that is to replace `path`.
inline std::string unfinished_path(const std::string& path) {
  return path + ".new";
}

}  // namespace evo::detail
