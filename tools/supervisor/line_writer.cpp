// SPDX-License-Identifier: Apache-2.0
#include "line_writer.hpp"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace evo::tools {

namespace {

/// Interval between attempts while writing fails.
constexpr std::chrono::seconds kRetry(1);
/// At the end: how long to wait for progress, and how long in total.
constexpr std::chrono::milliseconds kProgress(250);
constexpr std::chrono::seconds kLastChance(5);
/// A buffer that grew in a burst is freed down to this capacity.
constexpr std::size_t kKeptCapacity = std::size_t{64} << 10U;

/// As many whole lines as a pipe accepts atomically, so that output of other processes falls
/// between lines; or one longer line.
std::size_t next_piece(std::string_view text) {
  if (text.size() <= PIPE_BUF) return text.size();
  std::size_t end = text.rfind('\n', PIPE_BUF - 1);
  if (end == text.npos) end = text.find('\n');
  return end == text.npos ? text.size() : end + 1;
}

}  // namespace

struct LineWriter::Shared {
  Shared(int to, Note how_to_note, std::size_t size)
      : fd(to), note(std::move(how_to_note)), most(size) {}

  const int fd;
  const Note note;
  const std::size_t most;

  std::mutex mutex;
  std::condition_variable more;  // there is something to write, or the end was requested
  std::condition_variable done;
  std::string pending;
  std::size_t unwritten = 0;  // in `pending`, and in the text being written
  std::uint64_t dropped = 0;  // since the last note
  bool ending = false;
  bool ended = false;

  void add_note();
  bool write_all(std::string_view text);
  bool pause_after(int error);
  void run();
};

/// Requires the mutex. If there is no memory for the note, the count is kept.
void LineWriter::Shared::add_note() {
  if (dropped == 0) return;
  const std::string line = note(dropped);
  pending += line;
  unwritten += line.size();
  dropped = 0;
}

/// Call after a failed write. False: do not retry.
bool LineWriter::Shared::pause_after(int error) {
  if (error == EINTR) return true;
  if (error == EAGAIN) {  // another process has made it non-blocking
    pollfd writable{fd, POLLOUT, 0};
    ::poll(&writable, 1, static_cast<int>(std::chrono::milliseconds(kRetry).count()));
    const std::lock_guard lock(mutex);
    return !ending || (writable.revents & POLLOUT) != 0;
  }
  // The disk may have room again, and a named pipe another reader.
  std::unique_lock lock(mutex);
  return !more.wait_for(lock, kRetry, [&] { return ending; });
}

bool LineWriter::Shared::write_all(std::string_view text) {
  while (!text.empty()) {
    std::size_t left = next_piece(text);
    while (left != 0) {
      const ssize_t count = ::write(fd, text.data(), left);
      if (count < 0) {
        if (!pause_after(errno)) return false;
        continue;
      }
      const auto written = static_cast<std::size_t>(count);
      text.remove_prefix(written);
      left -= written;
      const std::lock_guard lock(mutex);
      unwritten -= written;
    }
  }
  return true;
}

void LineWriter::Shared::run() {
  std::string text;
  bool works = true;
  std::unique_lock lock(mutex);
  while (works) {
    more.wait(lock, [&] { return !pending.empty() || dropped != 0 || ending; });
    try {
      if (pending.empty()) add_note();
    } catch (const std::exception&) {
      if (!ending) more.wait_for(lock, kRetry, [&] { return ending; });
    }
    if (pending.empty() && ending) break;
    text.clear();
    if (text.capacity() > kKeptCapacity) text.shrink_to_fit();
    text.swap(pending);
    lock.unlock();
    works = write_all(text);
    lock.lock();
  }
  ended = true;
  done.notify_all();
}

LineWriter::LineWriter(int fd, Note note, std::size_t buffer)
    : shared_(std::make_shared<Shared>(fd, std::move(note), buffer)) {
  // Signals are for the caller. A terminal sends SIGTTOU to background processes that write to it;
  // it does not stop a process whose writing thread has it blocked.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    std::thread([shared = shared_] { shared->run(); }).detach();
  } catch (...) {
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

LineWriter::~LineWriter() {
  std::unique_lock lock(shared_->mutex);
  shared_->ending = true;
  shared_->more.notify_all();
  const auto last = std::chrono::steady_clock::now() + kLastChance;
  for (std::size_t before = 0; !shared_->ended && before != shared_->unwritten;) {
    before = shared_->unwritten;
    const auto until = std::min(std::chrono::steady_clock::now() + kProgress, last);
    shared_->done.wait_until(lock, until, [&] { return shared_->ended; });
    if (until == last) return;
  }
}

void LineWriter::write(std::string_view line) noexcept {
  const std::lock_guard lock(shared_->mutex);
  Shared& shared = *shared_;
  const bool full = shared.unwritten + line.size() > shared.most;
  // After a drop, half of the buffer must be free again: one gap is better than many.
  if (full || (shared.dropped != 0 && shared.unwritten > shared.most / 2)) {
    ++shared.dropped;
    return;
  }
  try {
    shared.add_note();
    shared.pending += line;
    shared.unwritten += line.size();
  } catch (const std::exception&) {
    ++shared.dropped;
  }
  shared.more.notify_one();
}

void LineWriter::count_lost() noexcept {
  const std::lock_guard lock(shared_->mutex);
  ++shared_->dropped;
  shared_->more.notify_one();
}

}  // namespace evo::tools
