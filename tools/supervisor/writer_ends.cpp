// SPDX-License-Identifier: Apache-2.0
#include "writer_ends.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>

#include "descriptor_limit.hpp"
#include "evo/format/control_file.hpp"
#include "evo/segment_paths.hpp"

namespace evo::tools {

namespace {

/// A private copy of a control file's head.
struct ControlCopy {
  alignas(8) std::array<std::byte, sizeof(ControlFile)> bytes{};

  bool read(int fd) {
    return ::pread(fd, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size());
  }
  const ControlFile* operator->() const {
    return reinterpret_cast<const ControlFile*>(bytes.data());
  }
};

/// Whether the writer's lock is held; true if unknown.
bool is_written(int fd) {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = static_cast<off_t>(kWriterLockByte);
  lock.l_len = 1;
  return ::fcntl(fd, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}

}  // namespace

WriterEnds::~WriterEnds() {
  for (const auto& [segment, held] : held_) ::close(held.fd);
}

bool WriterEnds::hold(const std::string& segment, std::uint64_t incarnation) {
  release(segment);
  const std::string path = control_path(domain_, segment);
  // First, so that no descriptor leaks if there is no memory for the entry.
  const auto entry = held_.emplace(segment, Held{}).first;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  const bool gone = fd < 0 && errno == ENOENT;
  ControlCopy control;
  const bool readable = fd >= 0 && control.read(fd) && control->magic == kControlMagic;
  // relaxed, here and below: a private copy.
  const bool current =
      readable && control->incarnation.load(std::memory_order_relaxed) == incarnation;
  if (!current || !leaves_reserve(fd)) {
    held_.erase(entry);
    if (fd >= 0) ::close(fd);
    return !gone && (current || !readable);
  }
  entry->second = {fd, incarnation, control->generation.load(std::memory_order_relaxed),
                   control->deaths.load(std::memory_order_relaxed)};
  return true;
}

WriterEnd WriterEnds::end_of(const std::string& segment) const {
  const auto found = held_.find(segment);
  if (found == held_.end()) return WriterEnd::Unknown;
  const Held& held = found->second;
  // Before the file is read: a writer marks the segment closed before it releases the lock.
  const bool written = is_written(held.fd);
  ControlCopy control;
  if (!control.read(held.fd)) return WriterEnd::Unknown;
  // relaxed, here and below: a private copy.
  if (control->incarnation.load(std::memory_order_relaxed) == held.incarnation) {
    const bool closed = control->phase.load(std::memory_order_relaxed) == SegmentPhase::Closed;
    if (written && !closed) return WriterEnd::None;
    // A writer that closes clears its pid; a process that cleans up after a dead writer keeps it.
    const bool cleared = control->writer_pid.load(std::memory_order_relaxed) == 0;
    return closed && cleared ? WriterEnd::Closed : WriterEnd::Died;
  }
  // Another writer owns the file now. It keeps the data only of a dead writer, and counts the
  // deaths.
  const bool died = control->generation.load(std::memory_order_relaxed) == held.generation ||
                    control->deaths.load(std::memory_order_relaxed) != held.deaths;
  return died ? WriterEnd::Died : WriterEnd::Closed;
}

void WriterEnds::release(const std::string& segment) noexcept {
  const auto held = held_.find(segment);
  if (held == held_.end()) return;
  ::close(held->second.fd);
  held_.erase(held);
}

}  // namespace evo::tools
