// SPDX-License-Identifier: Apache-2.0
#include "base/permission.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace evo::detail {

std::string permission_remedy(const std::string& path) {
  std::filesystem::path place(path);
  struct stat status {};
  // A failed lstat() means that the path does not exist, or that its directory is closed to this
  // user.
  while (::lstat(place.c_str(), &status) != 0) {
    if (!place.has_relative_path()) return "ask the owner of the domain, or root";
    place = place.parent_path();
  }
  const uid_t user = ::geteuid();
  const std::string whose = fmt::format("'{}' belongs to user {} and has mode {:04o}",
                                        place.string(), status.st_uid, status.st_mode & 07777U);
  if (user == status.st_uid || user == 0) {
    return fmt::format(
        "{}, and this is user {}: its file system or a security module forbids it, so choose "
        "another domain (EVO_DOMAIN)",
        whose, user);
  }
  if (S_ISDIR(status.st_mode)) {
    return fmt::format(
        "{}, and this is user {}: run as user {}, or choose another domain "
        "(EVO_DOMAIN)",
        whose, user, status.st_uid);
  }
  return fmt::format(
      "{}, and this is user {}: run as user {}, or let that user or root remove the "
      "segment (evo-shm cleanup, evo-shm recover)",
      whose, user, status.st_uid);
}

}  // namespace evo::detail
