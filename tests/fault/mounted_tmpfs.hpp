// SPDX-License-Identifier: Apache-2.0
/// A tmpfs that only one child sees.
#pragma once

#include <sched.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <utility>

#include "child_process.hpp"

namespace evo::test {

/// Runs `body()` in a child that alone sees a tmpfs with these mount options on the directory.
/// Returns "cannot mount …" if this process lacks the privileges for that.
template <class Body>
ChildResult on_tmpfs(const std::filesystem::path& directory, const std::string& options,
                     Body&& body) {
  return in_child([&]() -> std::string {
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", directory.c_str(), "tmpfs", 0, (options + ",mode=0700").c_str()) != 0) {
      return std::string("cannot mount a file system: ") + std::strerror(errno);
    }
    return std::forward<Body>(body)();
  });
}

}  // namespace evo::test
