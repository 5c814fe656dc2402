#include "evo/domain.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "evo/segment_header.hpp"
#include "system/process_identity.hpp"

namespace evo {

Domain::Domain(std::filesystem::path directory) : directory_(std::move(directory)) {}

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

bool is_name(std::string_view name, std::size_t longest) {
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return !name.empty() && name.size() <= longest && lower(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return lower(c) || digit(c) || c == '_'; });
}

/// Any user can create a directory of that name in /dev/shm, and then owns what is in it.
Result<void> check_user_domain(const Domain& domain) {
  if (!is_user_domain(domain)) return {};
  // A link is refused, even one of our own: its owner could retarget it between this check and the
  // open that follows. A directory of our own cannot be replaced: /dev/shm is sticky, so only the
  // directory's owner and root may rename or remove it.
  struct stat status {};
  if (::lstat(domain.path().c_str(), &status) != 0) return {};  // nothing there yet
  if (!S_ISDIR(status.st_mode)) {
    return fail(ErrorCode::PermissionDenied,
                "'{}' should be this user's own domain, but is {} of user {}; remove it, or set "
                "EVO_DOMAIN to another directory",
                domain.path().string(), S_ISLNK(status.st_mode) ? "a symbolic link" : "a file",
                status.st_uid);
  }
  if (status.st_uid == ::geteuid() && (status.st_mode & 0022U) == 0) return {};
  return fail(ErrorCode::PermissionDenied,
              "'{}' should be this user's own domain, but belongs to user {} with mode {:04o}; "
              "remove it, or set EVO_DOMAIN to another directory",
              domain.path().string(), status.st_uid, status.st_mode & 07777U);
}

}  // namespace

bool is_user_domain(const Domain& domain) {
  // However the path is written: "/dev//shm/evo-…/" is the same directory.
  const auto is_same = [&](const std::filesystem::path& own) {
    return domain.path() == own || (domain.path() / "").lexically_normal() == own / "";
  };
  // Listings call this for each file. A path without dots and without this prefix is ruled out
  // without an allocation.
  constexpr std::string_view kPrefix = "/evo-";
  const std::string& text = domain.path().native();
  if (text.find("/.") != text.npos) return is_same(Domain::user().path());
  const std::size_t name = text.rfind(kPrefix);
  if (name == text.npos) return false;
  uid_t uid = 0;
  const char* const digits = text.data() + name + kPrefix.size();
  const auto number = std::from_chars(digits, text.data() + text.size(), uid);
  return number.ec == std::errc{} && uid == ::geteuid() && is_same(Domain::user().path());
}

Result<void> validate(const Domain& domain) {
  if (const long page = ::sysconf(_SC_PAGESIZE); page != static_cast<long>(kPageSize)) {
    return fail(
        ErrorCode::Unsupported,
        "this kernel has pages of {} bytes, the segment format needs 4096; boot a kernel with "
        "4 KiB pages",
        page);
  }
  if (domain.path().is_absolute()) return check_user_domain(domain);
  return fail(ErrorCode::InvalidName,
              "domain '{}' is not an absolute path; set EVO_DOMAIN to 'system', 'user' or an "
              "absolute directory",
              domain.path().string());
}

bool is_segment_name(std::string_view name) noexcept {
  return is_name(name, 48);
}

Result<void> validate_segment_name(std::string_view name) {
  if (is_segment_name(name)) return {};
  return fail(ErrorCode::InvalidName,
              "'{}' is not a segment name; use a lower-case letter and then up to 47 lower-case "
              "letters, digits or underscores",
              name);
}

Result<void> validate_module_name(std::string_view name) {
  if (is_name(name, 32)) return {};
  return fail(ErrorCode::InvalidName,
              "'{}' is not a module name; use a lower-case letter and then up to 31 lower-case "
              "letters, digits or underscores",
              name);
}

Result<void> ensure_directory(const Domain& domain) {
  struct stat status {};
  if (::stat(domain.path().c_str(), &status) == 0) {
    if (auto allowed = check_user_domain(domain); !allowed || S_ISDIR(status.st_mode)) {
      return allowed;
    }
    return fail(ErrorCode::InvalidName, "domain '{}' is not a directory; choose a directory",
                domain.path().string());
  }
  // Creates only the last directory: a path with more of them missing is mistyped.
  const auto parent = (domain.path() / "").parent_path().parent_path();
  if (std::error_code unknown; !std::filesystem::exists(parent, unknown) && !unknown) {
    return fail(ErrorCode::NotFound,
                "domain '{}' cannot be created, because '{}' does not exist; check EVO_DOMAIN, or "
                "create that directory",
                domain.path().string(), parent.string());
  }
  // EEXIST: another process was faster, which is fine.
  if (::mkdir(domain.path().c_str(), 0700) != 0 && errno != EEXIST) {
    return fail_errno(errno, fmt::format("cannot make the domain '{}'", domain.path().string()),
                      domain.path().string());
  }
  return check_user_domain(domain);
}

std::string data_file_name(std::string_view module, std::string_view name, std::uint32_t pid) {
  return std::string("evo_").append(module).append("_").append(name).append("_").append(
      std::to_string(pid));
}

std::string control_file_name(std::string_view name) {
  return std::string("evo_").append(name).append(".ctl");
}

std::string data_path(const Domain& domain, std::string_view module, std::string_view name,
                      std::uint32_t pid) {
  return domain.path() / data_file_name(module, name, pid);
}

std::string meta_path(const Domain& domain, std::string_view name) {
  return fmt::format("{}/evo_{}.meta", domain.path().string(), name);
}

std::string control_path(const Domain& domain, std::string_view name) {
  return domain.path() / control_file_name(name);
}

}  // namespace detail
}  // namespace evo
