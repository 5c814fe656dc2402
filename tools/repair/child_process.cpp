// SPDX-License-Identifier: Apache-2.0
#include "repair/child_process.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <string>

#include "evo/format.hpp"

namespace evo::tools {

namespace {

/// The child's final report. If it is missing, the child ended abnormally.
///
///       0  succeeded   u8    0 or 1
///       1  code        u8    ErrorCode
///       2  (zero)      u16
///       4  errno       i32
///       8  message     up to the end
struct ReportHeader {
  std::uint8_t succeeded = 0;
  ErrorCode code = ErrorCode::Io;
  std::uint16_t reserved = 0;
  std::int32_t system_errno = 0;
};
static_assert(sizeof(ReportHeader) == 8);

void write_report(int pipe, const Result<void>& result) {
  ReportHeader header{.succeeded = result.has_value() ? std::uint8_t{1} : std::uint8_t{0}};
  std::string text(sizeof(header), '\0');
  if (!result) {
    header.code = result.error().code;
    header.system_errno = result.error().system_errno;
    text += result.error().message;
  }
  std::memcpy(text.data(), &header, sizeof(header));
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t count = ::write(pipe, text.data() + done, text.size() - done);
    if (count < 0 && errno != EINTR) return;
    if (count > 0) done += static_cast<std::size_t>(count);
  }
}

std::string read_all(int pipe) {
  std::string text;
  std::array<char, 1024> part;
  ssize_t count = 0;
  do {
    count = ::read(pipe, part.data(), part.size());
    if (count > 0) text.append(part.data(), static_cast<std::size_t>(count));
  } while (count > 0 || (count < 0 && errno == EINTR));
  return text;
}

Result<void> result_in(const std::string& report) {
  ReportHeader header;
  if (report.size() < sizeof(header)) {
    return make_error(
        ErrorCode::Io,
        "the child process ended unexpectedly; find out what killed it, and try again");
  }
  std::memcpy(&header, report.data(), sizeof(header));
  if (header.succeeded == 1) return {};
  return tl::unexpected(Error{header.code, report.substr(sizeof(header)), header.system_errno});
}

[[noreturn]] void run_child(int pipe, const std::function<Result<void>()>& action) {
  try {
    write_report(pipe, action());
  } catch (const std::exception& error) {
    write_report(pipe, make_error(ErrorCode::Io, "{}; try again", error.what()));
  }
  ::_exit(0);
}

}  // namespace

Result<void> in_child_process(const std::function<Result<void>()>& action) {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return make_system_error(errno, "cannot create a pipe");
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::close(ends[0]);
    run_child(ends[1], action);
  }
  const int error = errno;
  ::close(ends[1]);
  const std::string report = pid > 0 ? read_all(ends[0]) : std::string();
  ::close(ends[0]);
  if (pid < 0) return make_system_error(error, "cannot create a process");
  // The child's locks are released when it has ended, not when it has closed the pipe.
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return result_in(report);
}

}  // namespace evo::tools
