// SPDX-License-Identifier: Apache-2.0
/// A text file read line by line, any number of times, in little memory whatever its contents.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "evo/error.hpp"
#include "text/descriptor.hpp"

namespace evo::tools {

/// Opens a file for reading; `-` is standard input. NotFound: no such file. PermissionDenied, Io.
Result<Descriptor> open_input(const std::filesystem::path& path);

/// A file that is not regular, such as a pipe, is copied to an unnamed temporary file, so that its
/// lines can be read again. That file grows only as lines are read.
class InputFile {
 public:
  /// Like open_input().
  static Result<InputFile> open(const std::filesystem::path& path);

  /// The next line without its line end, valid until the next call; nothing at the end of the file.
  /// Corrupt: the line has more than `most` bytes, a control character, or no end.
  /// PermissionDenied, NoSpace, Io.
  Result<std::optional<std::string_view>> next(std::size_t most);

  /// Where the next line begins.
  [[nodiscard]] std::uint64_t position() const noexcept { return position_ - ahead().size(); }

  /// Continues at a position from `position()`. A forked child may call it without affecting the
  /// parent.
  void seek(std::uint64_t position) noexcept;

  /// Number of the last line, from the beginning of the file.
  [[nodiscard]] std::uint64_t line_number() const noexcept { return line_number_; }

 private:
  InputFile(Descriptor file, std::filesystem::path path, bool regular, std::uint64_t position);
  [[nodiscard]] std::string_view ahead() const noexcept {
    return {part_.data() + taken_, filled_ - taken_};
  }
  Result<void> fill();
  Result<std::size_t> read_from_stream();
  Result<void> append(std::string_view piece, std::size_t most);
  [[nodiscard]] tl::unexpected<Error> unfit(std::string_view what) const;

  Descriptor file_;
  std::filesystem::path path_;
  bool regular_;
  Descriptor spool_;
  std::uint64_t spooled_ = 0;
  std::uint64_t position_;  // of the end of part_ in the file
  std::vector<char> part_;
  std::size_t taken_ = 0;
  std::size_t filled_ = 0;
  std::string line_;
  std::uint64_t line_number_ = 0;
};

}  // namespace evo::tools
