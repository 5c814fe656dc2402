// SPDX-License-Identifier: Apache-2.0
#include "text/whole_file.hpp"

#include <array>
#include <cerrno>

#include "text/file_error.hpp"
#include "text/input_file.hpp"

namespace evo::tools {

namespace fs = std::filesystem;

Result<std::string> read_whole_file(const fs::path& path) {
  const auto file = open_input(path);
  if (!file) return tl::unexpected(file.error());
  std::string text;
  std::array<char, 65536> part;
  ssize_t count = 0;
  do {
    count = ::read(file->get(), part.data(), part.size());
    if (count > 0) text.append(part.data(), static_cast<std::size_t>(count));
  } while (count > 0 || (count < 0 && errno == EINTR));
  if (count < 0) return cannot_read(errno, path);
  return text;
}

Result<void> write_whole_file(const fs::path& path, std::string_view text, mode_t mode) {
  auto file = OutputFile::open(path, mode);
  if (!file) return tl::unexpected(file.error());
  if (auto written = file->write(text); !written) return written;
  return file->commit();
}

}  // namespace evo::tools
