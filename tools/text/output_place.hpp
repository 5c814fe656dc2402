// SPDX-License-Identifier: Apache-2.0
/// Resolves the location of an output file without being misled by another user.
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <optional>
#include <string>

#include "evo/error.hpp"
#include "text/descriptor.hpp"

namespace evo::tools {

/// A name in an open directory, so that no later change of the path can redirect it.
struct OutputPlace {
  Descriptor directory;                ///< O_PATH
  std::string name;                    ///< in that directory; not a link, unless `kernel_link`
  std::optional<struct stat> present;  ///< the file of that name; nullopt: the name is free
  /// A link in /proc, for example through /dev/fd/3: to be opened, never to be replaced.
  bool kernel_link = false;
};

/// Follows the path, one directory after the other. Links are followed only if this user or root
/// owns them, as with the kernel's protected_symlinks, but in every directory, not only in sticky
/// ones. In a sticky directory that its group or all users may write to, a file is refused unless
/// this user or the directory's owner owns it, as with protected_regular: it may have been planted
/// there. PermissionDenied, NotFound, Io.
Result<OutputPlace> find_output_place(const std::filesystem::path& path);

}  // namespace evo::tools
