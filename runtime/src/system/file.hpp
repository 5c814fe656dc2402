/// Files of a domain: opened with suspicion, made whole or not at all.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "evo/channel.hpp"
#include "evo/detail/memory_share.hpp"
#include "evo/domain.hpp"
#include "evo/error.hpp"
#include "system/file_descriptor.hpp"
#include "system/fork_guard.hpp"

namespace evo::detail {

/// What a file must be before it is believed.
struct Trust {
  int flags;            ///< O_RDONLY or O_RDWR
  mode_t allowed_mode;  ///< no permission bit beyond these
  Access access;        ///< with Group, another owner of our group is accepted
  /// With Group, and if it is given: only this other owner.
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

/// Opens a file of a domain without following links or blocking, and checks that it is
/// a regular file with no more permissions than allowed, owned by us, by root or by
/// the owner of the domain's directory (who could replace it anyway). Another owner of our group is
/// accepted only in a directory where no third user can replace the file. In a user's own domain
/// only files of that user and of root are accepted.
Result<OpenedFile> open_checked(const Domain& domain, const std::string& path, const Trust& trust);

/// The same for a name within an opened directory, which must be that of the domain.
Result<OpenedFile> open_checked_at(int directory, const std::string& name, const Domain& domain,
                                   const Trust& trust);

/// A file without a name yet. A forked child has no descriptor of it. Locks taken through it last
/// as long as a mapping of it, if there is one when it ends.
class UnnamedFile {
 public:
  /// Makes a file of `size` zero bytes, all of them allocated (no SIGBUS later).
  static Result<UnnamedFile> make(const Domain& domain, std::uint64_t size, mode_t mode);
  UnnamedFile(UnnamedFile&&) noexcept = default;
  UnnamedFile& operator=(UnnamedFile&&) noexcept = default;
  ~UnnamedFile();

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

  /// Gives it its name. Fails with AlreadyExists if the name is taken.
  Result<void> link(const std::string& path);

  /// The descriptor, to go on with the file.
  GuardedDescriptor take() && { return std::move(fd_); }

 private:
  UnnamedFile() = default;

  /// Returns 0 or errno.
  int open(const std::string& directory, mode_t mode);

  GuardedDescriptor fd_;
  std::string temporary_;  // its name where the file system has no O_TMPFILE
};

/// Whether a user's files are trusted by every process that may use the domain: those of root and
/// of the owner of its directory.
bool is_trusted_by_all(const Domain& domain, uid_t uid);

/// Whether the path still names this very file.
bool is_named(const std::string& path, std::uint64_t device, std::uint64_t inode);

/// The first 4 KiB of one of the kernel's own files; empty if it cannot be read.
std::string read_text(const char* path);

/// Replaces the file `path` by one with this text, atomically. One process at a time.
Result<void> replace_text(const Domain& domain, const std::string& path, mode_t mode,
                          std::string_view text);

/// The name under which a new text waits to replace the one at `path`.
inline std::string unfinished_path(const std::string& path) {
  return path + ".new";
}

}  // namespace evo::detail
