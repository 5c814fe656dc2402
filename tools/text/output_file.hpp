/// A file that is written in parts, and that is there as a whole or not at all.
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

/// Writes a temporary file in the directory of its target, which `commit` renames to it. Without
/// `commit` the destructor removes it, and the target is as it was. Signals that would end the
/// process wait that long; `write` fails when there is one, so that they do not wait for long.
///
/// Links are followed as find_output_place() says, and stay. A file that is replaced leaves its
/// mode to the new one, and its owner and group where this process may set them; one with several
/// names (hard links) is refused. A device or a FIFO is written in place, as is `-`, standard
/// output: what has been written then stays, whatever happens.
class OutputFile {
 public:
  /// A file that was not there gets `mode`, less what the umask takes. NotFound, PermissionDenied,
  /// NoSpace, Io.
  static Result<OutputFile> open(const std::filesystem::path& path, mode_t mode = 0666);

  OutputFile(OutputFile&&) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();

  /// NoSpace, Io: nothing will come of it, give it up.
  Result<void> write(std::string_view text);

  /// Puts it in its place, safe on the disk. The end of it, also if it fails.
  Result<void> commit();

 private:
  OutputFile() = default;
  static Result<OutputFile> in_place(std::filesystem::path path, int fd);
  Result<void> make_temporary(mode_t mode);
  Result<void> write_through(std::string_view text);
  void remove_temporary() noexcept;

  std::filesystem::path path_;  // as it was named
  Descriptor directory_;
  std::string name_;       // in the directory
  std::string temporary_;  // in the directory; empty: none, or it is written in place
  // Goes after the descriptors and the temporary file.
  std::unique_ptr<HeldSignals> signals_;
  Descriptor file_;
  std::string buffer_;
};

/// Whether what is written to that path comes out on standard output: `-`, or another name of it.
/// Then nothing else should.
[[nodiscard]] bool is_standard_output(const std::filesystem::path& path);

}  // namespace evo::tools
