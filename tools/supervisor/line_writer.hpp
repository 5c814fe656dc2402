// SPDX-License-Identifier: Apache-2.0
/// Writes lines to a descriptor without ever blocking its caller.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace evo::tools {

/// A thread of its own writes, and may be blocked by a full pipe, a stopped terminal, a full disk
/// or an unresponsive file server. In the meantime, lines wait in a buffer; lines that do not fit
/// are dropped and counted.
///
/// Why a thread: O_NONBLOCK would be set on the open file description, which a shell or another
/// process may share, and has no effect on disks. poll() before write() guarantees nothing if other
/// processes write to the same pipe, as the commands of --exec do, and a terminal does not
/// guarantee room for a whole line. Reopening /proc/self/fd/1 needs /proc, does not work with
/// sockets, and has a file offset of its own.
class LineWriter {
 public:
  /// Returns a line, with its line feed, that reports the number of dropped lines.
  using Note = std::function<std::string(std::uint64_t dropped)>;

  /// Upper limit on buffered bytes.
  static constexpr std::size_t kBuffer = std::size_t{16} << 20U;

  /// Throws std::system_error if no thread is available.
  LineWriter(int fd, Note note, std::size_t buffer = kBuffer);
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;
  /// Waits for buffered lines to be written, as long as there is progress, and a few seconds at
  /// most.
  ~LineWriter();

  /// Takes a line, including its line feed. It is written whole and in order, or dropped.
  void write(std::string_view line) noexcept;
  /// Counts a line that was lost before it reached this object.
  void count_lost() noexcept;

 private:
  struct Shared;

  // A thread that is blocked in the kernel outlives this object.
  std::shared_ptr<Shared> shared_;
};

}  // namespace evo::tools
