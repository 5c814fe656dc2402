// SPDX-License-Identifier: Apache-2.0
#include "stub/row_source.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "evo/format.hpp"
#include "text/file_error.hpp"
#include "text/input_file.hpp"

namespace evo::tools {

Result<RowSource> RowSource::open(const std::string& path) {
  auto file = open_input(path);
  if (!file) return tl::unexpected(file.error());
  struct stat status {};
  if (::fstat(file->get(), &status) != 0) return cannot_read(errno, path);
  if (S_ISDIR(status.st_mode)) return cannot_read(EISDIR, path);
  RowSource source;
  source.name_ = path == "-" ? "standard input" : path;
  // Part of standard input may have been read already.
  if (S_ISREG(status.st_mode)) source.begin_ = ::lseek(file->get(), 0, SEEK_CUR);
  source.file_ = std::move(*file);
  return source;
}

Result<Rows> RowSource::begin(RowFormat format, StopSignals& stop) {
  format.file = name_;
  if (!begin_) {
    lines_ = std::make_unique<PipeLines>(file_.get(), stop);
    return Rows::of(*lines_, std::move(format));
  }
  FileLines trial(file_.get(), *begin_);
  auto rows = Rows::of(trial, format);
  if (!rows) return rows;
  std::uint64_t count = 0;
  while (true) {
    const auto row = rows->next();
    if (!row) return tl::unexpected(row.error());
    if (!*row) break;
    ++count;
  }
  if (count == 0) {
    return make_error(ErrorCode::InvalidSize, "'{}' has no rows after its first line", name_);
  }
  count_ = count;
  lines_ = std::make_unique<FileLines>(file_.get(), *begin_);
  return Rows::of(*lines_, std::move(format));
}

void RowSource::end_at(std::uint64_t time_ns) {
  if (auto* pipe = dynamic_cast<PipeLines*>(lines_.get())) pipe->end_at(time_ns);
}

}  // namespace evo::tools
