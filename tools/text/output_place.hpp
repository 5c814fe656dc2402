/// Where a file that is to be written lies, found without being led astray by another user.
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <optional>
#include <string>

#include "evo/error.hpp"
#include "text/descriptor.hpp"

namespace evo::tools {

/// A name in an open directory, so that no later change of the path can lead elsewhere.
struct OutputPlace {
  Descriptor directory;                ///< O_PATH
  std::string name;                    ///< in that directory; not a link, unless `kernel_link`
  std::optional<struct stat> present;  ///< the file that has the name; none: it is free
  /// A link of /proc, as /dev/fd/3 leads to one: to be opened, never to be replaced.
  bool kernel_link = false;
};

/// Follows the path, one directory after the other. Links count if they belong to this user or to
/// root, as with the kernel's protected_symlinks, but in each directory. A file of another user
/// in a directory where all may make files is refused, as with protected_regular: it was perhaps
/// put there to be filled. PermissionDenied, NotFound, Io.
Result<OutputPlace> find_output_place(const std::filesystem::path& path);

}  // namespace evo::tools
