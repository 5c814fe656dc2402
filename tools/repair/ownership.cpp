// SPDX-License-Identifier: Apache-2.0
#include "repair/ownership.hpp"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <optional>
#include <string>

#include "evo/format.hpp"
#include "evo/segment_paths.hpp"

namespace evo::tools {

namespace {

struct Owner {
  uid_t user = 0;
  gid_t group = 0;
};

std::optional<Owner> owner_of(const Domain& domain, std::string_view segment) {
  struct stat status {};
  if (::lstat(control_path(domain, segment).c_str(), &status) == 0) {
    return Owner{status.st_uid, status.st_gid};
  }
  if (::stat(domain.path().c_str(), &status) != 0) return std::nullopt;
  // In a world-writable directory each user creates its own segments.
  if ((status.st_mode & S_IWOTH) != 0) return std::nullopt;
  return Owner{status.st_uid, status.st_gid};
}

std::string name_of_user(uid_t user) {
  const passwd* entry = ::getpwuid(user);
  return entry == nullptr ? fmt::format("user {}", user)
                          : fmt::format("user {} ({})", user, entry->pw_name);
}

}  // namespace

Result<void> check_owner(const Domain& domain, std::string_view segment) {
  const auto owner = owner_of(domain, segment);
  if (::geteuid() != 0 || !owner || owner->user == 0) return {};
  return make_error(
      ErrorCode::PermissionDenied,
      "segment '{}' belongs to {}, who could not use files created by root; run this as that user: "
      "setpriv --reuid={} --regid={} --clear-groups evo-shm …, or su",
      segment, name_of_user(owner->user), owner->user, owner->group);
}

}  // namespace evo::tools
