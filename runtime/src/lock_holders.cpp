#include "lock_holders.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string_view>

#include "file.hpp"

namespace evo::detail {

namespace {

bool has_open(const std::filesystem::path& descriptors, std::uint64_t device, std::uint64_t inode) {
  std::error_code error;
  for (std::filesystem::directory_iterator entry(descriptors, error), end; !error && entry != end;
       entry.increment(error)) {
    struct stat status {};
    if (::stat(entry->path().c_str(), &status) == 0 && status.st_dev == device &&
        status.st_ino == inode) {
      return true;
    }
  }
  return false;
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

std::string processes_with(std::uint64_t device, std::uint64_t inode) {
  std::string holders;
  std::error_code error;
  for (std::filesystem::directory_iterator entry("/proc", error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string pid = entry->path().filename();
    if (pid.find_first_not_of("0123456789") != pid.npos || pid == std::to_string(::getpid())) {
      continue;
    }
    if (!has_open(entry->path() / "fd", device, inode)) continue;
    holders += holders.empty() ? pid : ", " + pid;
  }
  return holders;
}

}  // namespace evo::detail
