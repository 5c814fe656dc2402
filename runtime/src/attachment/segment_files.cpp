// SPDX-License-Identifier: Apache-2.0
#include "attachment/segment_files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "attachment/data_file.hpp"
#include "evo/detail/waiting.hpp"
#include "evo/format/segment_header.hpp"
#include "evo/segment_paths.hpp"
#include "system/private_copy.hpp"

namespace evo::detail {

namespace {

/// Whether this user may remove a file of `owner` from the domain.
bool may_remove(const Domain& domain, uid_t owner) {
  struct stat directory {};
  if (::stat(domain.path().c_str(), &directory) != 0) return false;
  if (::faccessat(AT_FDCWD, domain.path().c_str(), W_OK | X_OK, AT_EACCESS) != 0) return false;
  const uid_t us = ::geteuid();
  return (directory.st_mode & S_ISVTX) == 0 || owner == us || directory.st_uid == us;
}

/// The generation in the data file; 0 if it cannot be read. It may be newer than that of a damaged
/// control file.
std::uint64_t generation_in_use(const Domain& domain, std::string_view name,
                                const Control& control) {
  // relaxed: under the names lock.
  const std::uint32_t current = control->current.load(std::memory_order_relaxed) & 1U;
  const auto path = data_file_path(domain, name, control, current);
  if (!path) return 0;
  const auto file =
      open_checked(domain, *path, {O_RDONLY, kWidestDataMode, Access::Group, control.uid});
  Copy<SegmentHeader> header;
  return file && header.read(file->fd.get()) ? header->generation : 0;
}

}  // namespace

std::optional<std::string> find_strangers_file(const Domain& domain, std::string_view name,
                                               const Control& control) {
  std::vector<std::string> paths{control.path, meta_path(domain, name)};
  for (std::uint32_t index = 0; index < 2; ++index) {
    if (auto path = data_file_path(domain, name, control, index)) paths.push_back(*path);
  }
  for (const std::string& path : paths) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) {
      if (errno == ENOENT) continue;
      return fmt::format("this user ({}) may not look at '{}'", ::geteuid(), path);
    }
    // K3
    if (S_ISDIR(status.st_mode)) {
      return fmt::format("'{}' is a directory; find out what created it, and remove it by hand",
                         path);
    }
    // K4
    if (!may_remove(domain, status.st_uid)) {
      return fmt::format("'{}' belongs to user {}; this user ({}) may not remove it", path,
                         status.st_uid, ::geteuid());
    }
  }
  return std::nullopt;
}

std::optional<Mapping> map_header(const Domain& domain, std::string_view name,
                                  const Control& control) {
  // relaxed: under the writer's lock or the names lock.
  const auto path =
      data_file_path(domain, name, control, control->current.load(std::memory_order_relaxed) & 1U);
  if (!path) return std::nullopt;
  auto file = open_checked(domain, *path, {O_RDONLY, kWidestDataMode, Access::Group, control.uid});
  if (!file || file->size < sizeof(SegmentHeader)) return std::nullopt;  // K5
  auto mapping = Mapping::map(file->fd.get(), kPageSize, Protection::Read, InChildren::TheSame);
  if (!mapping) return std::nullopt;
  return std::move(*mapping);
}

bool remove_files(const Domain& domain, std::string_view name, const Control& control) {
  const bool data_gone =
      remove_data_file(domain, name, control, 0) && remove_data_file(domain, name, control, 1);
  // K6. Our control file was removed (RemoveIPC, an operator): the files that now have the
  // segment's names may be a successor's.
  if (!control.is_current()) return false;
  const std::string meta = meta_path(domain, name);
  ::unlink(meta.c_str());
  ::unlink(unfinished_path(meta).c_str());
  return data_gone;
}

bool retire(const Domain& domain, std::string_view name, const Control& control) {
  const auto header = map_header(domain, name, control);
  // S1. release [fencing-token]: as in announce(). The former writer sees it at its next
  // publish ("fenced"), and no data depends on it. No other process raises it under this lock. The
  // file may be damaged, so the token grows beyond every number that may be the writer's.
  // relaxed, both loads: as above, under the names lock.
  const std::uint64_t raised =
      next_incarnation({control->incarnation.load(std::memory_order_relaxed),
                        control->generation.load(std::memory_order_relaxed),
                        generation_in_use(domain, name, control)});
  control.store(control->incarnation, raised, std::memory_order_release);
  // S2. release [phase]: pairs with the acquire load of readers that leave.
  control.store(control->phase, SegmentPhase::Closed, std::memory_order_release);
  // S3. release [generation]: pairs with the acquire load of readers that attach. No data file has
  // this generation.
  control.store(control->generation, raised, std::memory_order_release);
  if (header) wake_all(*reinterpret_cast<const SegmentHeader*>(header->data()));
  // S4 and S5.
  return remove_names(domain, name, control);
}

bool remove_names(const Domain& domain, std::string_view name, const Control& control) {
  // The control file is removed last, because it names the others.
  return remove_files(domain, name, control) && ::unlink(control.path.c_str()) == 0;
}

}  // namespace evo::detail
