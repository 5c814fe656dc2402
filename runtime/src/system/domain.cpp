// SPDX-License-Identifier: Apache-2.0
#include "evo/domain.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <string_view>

#include "evo/format.hpp"
#include "evo/format/segment_header.hpp"
#include "system/domain_checks.hpp"
#include "system/process_identity.hpp"

namespace evo {

Domain::Domain(std::string directory) : directory_(std::move(directory)) {}

bool operator==(const Domain& a, const Domain& b) {
  return std::filesystem::path(a.path()) == std::filesystem::path(b.path());
}

Domain Domain::system() {
  return Domain("/dev/shm");
}

Domain Domain::user() {
  return Domain(
      fmt::format("/dev/shm/evo-{}-{}", ::geteuid(), detail::boot_id().text().substr(0, 8)));
}

Domain Domain::from_environment() {
  // A program with more rights than its caller (setuid, file capabilities) must not create its
  // files where the caller wants them.
  const char* value = ::secure_getenv("EVO_DOMAIN");
  // An empty variable counts as unset.
  if (value == nullptr || *value == '\0' || std::string_view(value) == "system") return system();
  if (std::string_view(value) == "user") return user();
  return Domain(value);
}

namespace detail {

namespace {

/// Any user can create a directory of that name in /dev/shm, and then owns what is in it.
Result<void> check_user_domain(const Domain& domain) {
  if (!is_user_domain(domain)) return {};
  // A link is refused, even one to a directory of our own: its owner could retarget it between this
  // check and the open that follows. A directory of our own cannot be replaced: /dev/shm is sticky,
  // so only the directory's owner and root may rename or remove it.
  struct stat status {};
  if (::lstat(domain.path().c_str(), &status) != 0) return {};  // nothing there yet
  // D1
  if (!S_ISDIR(status.st_mode)) {
    return make_error(
        ErrorCode::PermissionDenied,
        "'{}' should be this user's own domain, but is {} of user {}; remove it, or set "
        "EVO_DOMAIN to another directory",
        domain.path(), S_ISLNK(status.st_mode) ? "a symbolic link" : "a file", status.st_uid);
  }
  if (status.st_uid == ::geteuid() && (status.st_mode & 0022U) == 0) return {};  // D2
  return make_error(
      ErrorCode::PermissionDenied,
      "'{}' should be this user's own domain, but belongs to user {} with mode {:04o}; "
      "remove it, or set EVO_DOMAIN to another directory",
      domain.path(), status.st_uid, status.st_mode & 07777U);
}

}  // namespace

bool is_user_domain(const Domain& domain) {
  // However the path is written: "/dev//shm/evo-…/" is the same directory.
  const auto is_same = [&](const std::filesystem::path& own) {
    const std::filesystem::path path = domain.path();
    return path == own || (path / "").lexically_normal() == own / "";
  };
  // Listings call this for each file. A path without dots and without this prefix is ruled out
  // without an allocation.
  constexpr std::string_view kPrefix = "/evo-";
  const std::string& text = domain.path();
  if (text.find("/.") != text.npos) return is_same(Domain::user().path());
  const std::size_t name = text.rfind(kPrefix);
  if (name == text.npos) return false;
  uid_t uid = 0;
  const char* const digits = text.data() + name + kPrefix.size();
  const auto number = std::from_chars(digits, text.data() + text.size(), uid);
  return number.ec == std::errc{} && uid == ::geteuid() && is_same(Domain::user().path());
}

Result<void> validate(const Domain& domain) {
  // D3
  if (const long page = ::sysconf(_SC_PAGESIZE); page != static_cast<long>(kPageSize)) {
    return make_error(
        ErrorCode::Unsupported,
        "this kernel has pages of {} bytes, the segment format needs 4096; boot a kernel with "
        "4 KiB pages",
        page);
  }
  // D4
  if (!domain.path().starts_with('/')) {
    return make_error(
        ErrorCode::InvalidName,
        "domain '{}' is not an absolute path; set EVO_DOMAIN to 'system', 'user' or an "
        "absolute directory",
        domain.path());
  }
  return check_user_domain(domain);
}

tl::unexpected<Error> segment_not_found(const Domain& domain, std::string_view name,
                                        std::string_view why) {
  return make_error(ErrorCode::NotFound,
                    "segment '{}' is not in domain '{}'{}; start its writer, or check EVO_DOMAIN",
                    name, domain.path(), why);
}

Result<void> ensure_directory(const Domain& domain) {
  struct stat status {};
  if (::stat(domain.path().c_str(), &status) == 0) {
    if (auto allowed = check_user_domain(domain); !allowed || S_ISDIR(status.st_mode)) {
      return allowed;
    }
    return make_error(ErrorCode::InvalidName, "domain '{}' is not a directory; choose a directory",
                      domain.path());
  }
  // Creates only the last directory: a path with more of them missing is mistyped.
  const auto parent = (std::filesystem::path(domain.path()) / "").parent_path().parent_path();
  // D5
  if (std::error_code unknown; !std::filesystem::exists(parent, unknown) && !unknown) {
    return make_error(
        ErrorCode::NotFound,
        "domain '{}' cannot be created, because '{}' does not exist; check EVO_DOMAIN, or "
        "create that directory",
        domain.path(), parent.string());
  }
  // EEXIST: another process was faster, which is fine.
  if (::mkdir(domain.path().c_str(), 0700) != 0 && errno != EEXIST) {
    return make_system_error(errno, fmt::format("cannot create the domain '{}'", domain.path()),
                             domain.path());
  }
  return check_user_domain(domain);
}

}  // namespace detail
}  // namespace evo
