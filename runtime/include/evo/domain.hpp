// SPDX-License-Identifier: Apache-2.0
/// A domain: the directory that contains segments and in which they are discovered.
#pragma once

#include <string>

namespace evo {

/// Names a domain. Cheap to copy; creates nothing until a writer is created in it.
class Domain {
 public:
  /// Any directory, as an absolute path. The first use refuses a relative path.
  explicit Domain(std::string directory);

  /// `/dev/shm`, shared by all users of the machine.
  static Domain system();

  /// `/dev/shm/evo-<uid>-<first 8 digits of the boot id>`, private to this user (0700). The uid is
  /// the effective one, because it owns the files that are created. Each use checks that the path
  /// is a directory, not a link, that this user owns it, and that no other user can write to it.
  static Domain user();

  /// The domain that `EVO_DOMAIN` names: `system` (also if unset or empty), `user`, or an absolute
  /// path. A program with more privileges than its caller (setuid, setgid, file capabilities)
  /// always uses `system`: the caller must not choose where that program creates files.
  static Domain from_environment();

  [[nodiscard]] const std::string& path() const noexcept { return directory_; }

  /// Compares the paths, not the directories: `//` is the same as `/`, a link is another domain.
  friend bool operator==(const Domain& a, const Domain& b);

 private:
  std::string directory_;
};

}  // namespace evo
