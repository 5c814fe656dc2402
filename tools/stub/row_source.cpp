#include "stub/row_source.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "text/whole_file.hpp"

namespace evo::tools {

Result<RowSource> RowSource::open(const std::string& path) {
  RowSource source;
  const bool is_input = path == "-";
  source.name_ = is_input ? "standard input" : path;
  struct stat status {};
  const int looked = is_input ? ::fstat(STDIN_FILENO, &status) : ::stat(path.c_str(), &status);
  const bool comes_later = looked == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
  if (!comes_later) {
    auto text = read_whole_file(path);
    if (!text) return tl::unexpected(text.error());
    source.text_ = std::make_unique<std::string>(std::move(*text));
    return source;
  }
  source.fd_ = is_input ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (source.fd_ < 0) return detail::fail_errno(errno, fmt::format("cannot read '{}'", path));
  return source;
}

Result<Rows> RowSource::begin(RowFormat format, StopSignals& stop) {
  format.file = name_;
  if (!text_) {
    lines_ = std::make_unique<PipeLines>(fd_, stop);
    return Rows::of(*lines_, std::move(format));
  }
  TextLines trial(*text_);
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
    return detail::fail(ErrorCode::InvalidSize, "'{}' has no rows behind its first line", name_);
  }
  count_ = count;
  lines_ = std::make_unique<TextLines>(*text_);
  return Rows::of(*lines_, std::move(format));
}

void RowSource::end_at(std::uint64_t time_ns) {
  if (auto* pipe = dynamic_cast<PipeLines*>(lines_.get())) pipe->end_at(time_ns);
}

}  // namespace evo::tools
