// SPDX-License-Identifier: Apache-2.0
#include "system/lock_holders.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "system/file.hpp"

namespace evo::detail {

namespace {

/// Whether one of the descriptors refers to an open file with this lock. A line of fdinfo ends with
/// the file system's device, the inode, and the first and last byte:
///   lock: 1: OFDLCK ADVISORY WRITE -1 00:1b:1234 0 0
bool holds(const std::filesystem::path& descriptors, const std::string& lock) {
  std::error_code error;
  for (std::filesystem::directory_iterator entry(descriptors, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string info = read_text(entry->path().c_str());
    std::size_t start = info.find("\nlock:");
    while (start != info.npos) {
      const std::size_t next = info.find('\n', start + 1);
      const std::string_view line = std::string_view(info).substr(start, next - start);
      if (line.find("OFDLCK") != line.npos && line.find(" WRITE ") != line.npos &&
          line.find(lock) != line.npos) {
        return true;
      }
      start = next == info.npos ? next : info.find("\nlock:", next);
    }
  }
  return false;
}

/// The PID of a process in the innermost of its PID namespaces.
std::uint32_t innermost_pid(const std::string& status) {
  constexpr std::string_view kLine = "\nNSpid:";
  const std::size_t start = status.find(kLine);
  if (start == status.npos) return 0;
  const std::size_t end = status.find('\n', start + 1);
  const std::string numbers = status.substr(start + kLine.size(), end - start - kLine.size());
  return static_cast<std::uint32_t>(
      std::strtoul(numbers.c_str() + numbers.rfind('\t') + 1, nullptr, 10));
}

}  // namespace

ProcessState look_at_process(std::uint32_t pid) {
  if (pid == 0) return ProcessState::Alive;
  if (::kill(static_cast<pid_t>(pid), 0) != 0 && errno == ESRCH) return ProcessState::Gone;
  const std::string status = read_text(fmt::format("/proc/{}/status", pid).c_str());
  const auto says = [&](std::string_view line) { return status.find(line) != status.npos; };
  if (says("\nCoreDumping:\t1\n")) return ProcessState::DumpingCore;
  // The first thread of a process may have ended before the others.
  if (says("\nState:\tZ") && says("\nThreads:\t1\n")) return ProcessState::Gone;
  return ProcessState::Alive;
}

LockHolders find_holders(std::uint64_t device, std::uint64_t inode, std::uint64_t byte,
                         std::uint32_t pid) {
  const std::string lock = fmt::format(" {:02x}:{:02x}:{} {} {}", gnu_dev_major(device),
                                       gnu_dev_minor(device), inode, byte, byte);
  LockHolders holders;
  std::error_code error;
  for (std::filesystem::directory_iterator entry("/proc", error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string number = entry->path().filename();
    if (number.find_first_not_of("0123456789") != number.npos ||
        number == std::to_string(::getpid()) || !holds(entry->path() / "fdinfo", lock)) {
      continue;
    }
    if (innermost_pid(read_text((entry->path() / "status").c_str())) == pid) {
      holders.writer = number;
    } else {
      holders.others += holders.others.empty() ? number : ", " + number;
    }
  }
  return holders;
}

}  // namespace evo::detail
