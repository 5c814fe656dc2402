/// A domain: the directory in which segments live and are discovered.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "evo/error.hpp"

namespace evo {

/// Names a domain. Cheap to copy; makes nothing until a writer is created in it.
class Domain {
 public:
  /// Any directory, as an absolute path. A relative one is refused by the first use.
  explicit Domain(std::filesystem::path directory);

  /// `/dev/shm`, shared by all users of the machine.
  static Domain system();

  /// `/dev/shm/evo-<uid>-<first 8 digits of the boot id>`, this user's own (0700). The effective
  /// user's, because the files in it are made with that id. Each use checks that it is a directory,
  /// not a link, owned by this user and writable by no other.
  static Domain user();

  /// What `EVO_DOMAIN` says: unset, empty or `system`; `user`; or an absolute path. In a program
  /// with more rights than its caller (setuid, setgid, file capabilities) always `system`: the
  /// caller must not choose where that program makes files.
  static Domain from_environment();

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return directory_; }

  friend bool operator==(const Domain&, const Domain&) = default;

 private:
  std::filesystem::path directory_;
};

namespace detail {

/// Checks that the path is absolute; the message names EVO_DOMAIN. A user's own domain must be
/// missing, or a directory of that user's that no other can write.
Result<void> validate(const Domain& domain);

/// Whether it is Domain::user(), where nothing of other users is trusted.
bool is_user_domain(const Domain& domain);

/// `[a-z][a-z0-9_]{0,47}`.
bool is_segment_name(std::string_view name) noexcept;
Result<void> validate_segment_name(std::string_view name);

/// `[a-z][a-z0-9_]{0,31}`.
Result<void> validate_module_name(std::string_view name);

/// Makes the directory (0700) where it is missing. A user's own domain is checked again after that.
Result<void> ensure_directory(const Domain& domain);

/// Where the files of a segment stand.
std::string data_file_name(std::string_view module, std::string_view name, std::uint32_t pid);
std::string control_file_name(std::string_view name);
std::string data_path(const Domain& domain, std::string_view module, std::string_view name,
                      std::uint32_t pid);
std::string meta_path(const Domain& domain, std::string_view name);
std::string control_path(const Domain& domain, std::string_view name);

}  // namespace detail
}  // namespace evo
