/// A domain: the directory that contains segments and in which they are discovered.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "evo/error.hpp"

namespace evo {

/// Names a domain. Cheap to copy; creates nothing until a writer is created in it.
class Domain {
 public:
  /// Any directory, as an absolute path. The first use refuses a relative path.
  explicit Domain(std::filesystem::path directory);

  /// `/dev/shm`, shared by all users of the machine.
  static Domain system();

  /// `/dev/shm/evo-<uid>-<first 8 digits of the boot id>`, private to this user (0700). The uid is
  /// the effective one, because files are created with that id. Each use checks that the path is a
  /// directory, not a link, that this user owns it, and that no other user can write to it.
  static Domain user();

  /// The domain that `EVO_DOMAIN` names: `system` (also if unset or empty), `user`, or an absolute
  /// path. A program with more privileges than its caller (setuid, setgid, file capabilities)
  /// always uses `system`: the caller must not choose where that program creates files.
  static Domain from_environment();

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return directory_; }

  friend bool operator==(const Domain&, const Domain&) = default;

 private:
  std::filesystem::path directory_;
};

namespace detail {

/// Checks that the path is absolute; the message names EVO_DOMAIN. A user domain must be missing,
/// or a directory that this user owns and no other user can write to.
Result<void> validate(const Domain& domain);

/// Whether it is Domain::user(), where files of other users are not trusted.
bool is_user_domain(const Domain& domain);

/// `[a-z][a-z0-9_]{0,47}`.
bool is_segment_name(std::string_view name) noexcept;
Result<void> validate_segment_name(std::string_view name);

/// `[a-z][a-z0-9_]{0,31}`.
Result<void> validate_module_name(std::string_view name);

/// Creates the directory (0700) if it is missing. Then checks a user domain again.
Result<void> ensure_directory(const Domain& domain);

/// Names and paths of a segment's files.
std::string data_file_name(std::string_view module, std::string_view name, std::uint32_t pid);
std::string control_file_name(std::string_view name);
std::string data_path(const Domain& domain, std::string_view module, std::string_view name,
                      std::uint32_t pid);
std::string meta_path(const Domain& domain, std::string_view name);
std::string control_path(const Domain& domain, std::string_view name);

}  // namespace detail
}  // namespace evo
