// SPDX-License-Identifier: Apache-2.0
/// A file that is written in parts, and replaces its target completely or not at all.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "evo/error.hpp"
#include "text/descriptor.hpp"
#include "text/held_signals.hpp"

namespace evo::tools {

/// Writes a temporary file in the directory of its target, which `commit` renames to the target.
/// Without `commit` the destructor removes it, and the target is unchanged. Signals that would end
/// the process are held back until then; `write` fails if one is pending, so that they are not held
/// for long.
///
/// Links are followed as described at find_output_place(), and remain. A replaced file passes its
/// mode to the new one, and its owner and group where this process may set them; a file with
/// several names (hard links) is refused. A device or a FIFO is written in place, as is `-`,
/// standard output: data already written then remains in any case.
class OutputFile {
 public:
  /// A new file has `mode`, reduced by the umask. NotFound, PermissionDenied, NoSpace, Io.
  static Result<OutputFile> open(const std::filesystem::path& path, mode_t mode = 0666);

  OutputFile(OutputFile&&) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();

  /// NoSpace, Io: the file cannot be completed, discard it.
  Result<void> write(std::string_view text);

  /// Renames the file to its target, after it is safe on the disk. Ends the use of this object,
  /// even on failure.
  Result<void> commit();

 private:
  OutputFile() = default;
  static Result<OutputFile> in_place(std::filesystem::path path, int fd);
  Result<void> make_temporary(mode_t mode);
  Result<void> write_through(std::string_view text);
  void remove_temporary() noexcept;

  std::filesystem::path path_;  // as the caller named it
  Descriptor directory_;
  std::string name_;       // in the directory
  std::string temporary_;  // in the directory; empty: none, or it is written in place
  // Destroyed after the descriptors and the temporary file.
  std::unique_ptr<HeldSignals> signals_;
  Descriptor file_;
  std::string buffer_;
};

/// Whether output to that path goes to standard output: `-`, or another name for it. Then nothing
/// else should be printed there.
[[nodiscard]] bool is_standard_output(const std::filesystem::path& path);

}  // namespace evo::tools
