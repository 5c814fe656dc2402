// SPDX-License-Identifier: Apache-2.0
#include "text/output_place.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include <array>
#include <climits>
#include <vector>

#include "evo/format.hpp"
#include "text/file_error.hpp"

namespace evo::tools {

namespace {

namespace fs = std::filesystem;

/// The kernel's own limit.
constexpr int kMostLinks = 40;

/// The parts of a path that are still to be walked, the next one at the back.
void push_parts(std::vector<std::string>& parts, std::string_view path) {
  // A path that ends with a slash is a directory; the added part enforces that.
  if (path.ends_with('/')) parts.emplace_back(".");
  while (!path.empty()) {
    const std::size_t slash = path.rfind('/');
    const std::string_view part = slash == path.npos ? path : path.substr(slash + 1);
    if (!part.empty()) parts.emplace_back(part);
    path = slash == path.npos ? std::string_view() : path.substr(0, slash);
  }
}

Descriptor first_directory(std::string_view path) {
  return Descriptor(::open(path.starts_with('/') ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
}

bool is_of_kernel(const Descriptor& link) {
  struct statfs system {};
  return ::fstatfs(link.get(), &system) == 0 && system.f_type == PROC_SUPER_MAGIC;
}

bool is_trusted(uid_t owner) {
  return owner == ::geteuid() || owner == 0;
}

/// Whether the file may have been planted by a user with no authority over the directory.
bool is_planted(const struct stat& file, const struct stat& directory) {
  const bool shared =
      (directory.st_mode & S_ISVTX) != 0 && (directory.st_mode & (S_IWGRP | S_IWOTH)) != 0;
  return shared && file.st_uid != ::geteuid() && file.st_uid != directory.st_uid;
}

std::string target_of(const Descriptor& link) {
  std::array<char, PATH_MAX> target;
  const ssize_t size = ::readlinkat(link.get(), "", target.data(), target.size());
  return {target.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
}

Result<OutputPlace> place_at(Descriptor directory, std::string name, const struct stat& present,
                             const fs::path& path) {
  if (S_ISDIR(present.st_mode)) return cannot_write(EISDIR, path);
  struct stat around {};
  if (::fstat(directory.get(), &around) != 0) return cannot_write(errno, path);
  if (is_planted(present, around)) {
    return cannot_write(ErrorCode::PermissionDenied, path,
                        "the file belongs to another user, in a sticky directory that its group or "
                        "all users may write to; name another file");
  }
  return OutputPlace{std::move(directory), std::move(name), present};
}

}  // namespace

Result<OutputPlace> find_output_place(const fs::path& path) {
  if (path.empty()) return cannot_write(ENOENT, path);
  std::vector<std::string> parts;
  push_parts(parts, path.native());
  Descriptor directory = first_directory(path.native());
  for (int links = 0; directory;) {
    std::string name = std::move(parts.back());
    parts.pop_back();
    const bool last = parts.empty();
    Descriptor entry(::openat(directory.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!entry && errno == ENOENT && last) {
      return OutputPlace{std::move(directory), std::move(name), std::nullopt};
    }
    struct stat status {};
    if (!entry || ::fstat(entry.get(), &status) != 0) break;
    if (!S_ISLNK(status.st_mode)) {
      if (last) return place_at(std::move(directory), std::move(name), status, path);
      if (!S_ISDIR(status.st_mode)) return cannot_write(ENOTDIR, path);
      directory = std::move(entry);
      continue;
    }
    const bool of_kernel = is_of_kernel(entry);
    if (!of_kernel && !is_trusted(status.st_uid)) {
      return cannot_write(
          ErrorCode::PermissionDenied, path,
          fmt::format("'{}' is a symbolic link of another user; name the file that it points to",
                      name));
    }
    if (of_kernel && last) {
      return OutputPlace{std::move(directory), std::move(name), status, true};
    }
    if (++links > kMostLinks) return cannot_write(ELOOP, path);
    const std::string target = target_of(entry);
    if (target.empty()) return cannot_write(ENOENT, path);
    if (target.starts_with('/')) directory = first_directory(target);
    push_parts(parts, target);
  }
  return cannot_write(errno, path);
}

}  // namespace evo::tools
