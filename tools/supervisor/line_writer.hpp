/// Writes lines to a descriptor without ever keeping its caller waiting.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace evo::tools {

/// A thread of its own writes, and may be kept waiting by a full pipe, a stopped terminal, a full
/// disk or a file server that does not answer. In the meantime, lines wait in a buffer; what does
/// not fit is dropped and counted.
///
/// Why a thread: O_NONBLOCK would be set on the open file, which a shell or another process may
/// share, and means nothing to disks. poll() before write() promises nothing where others write to
/// the same pipe, as the commands of --exec do, and a terminal promises no room for a whole line.
/// Opening /proc/self/fd/1 again needs /proc, does not work with sockets, and has an offset of its
/// own in a file.
class LineWriter {
 public:
  /// A line, with its line feed, that says how many were dropped.
  using Note = std::function<std::string(std::uint64_t dropped)>;

  /// What waits takes at most this.
  static constexpr std::size_t kBuffer = std::size_t{16} << 20U;

  /// Throws std::system_error if no thread is available.
  LineWriter(int fd, Note note, std::size_t buffer = kBuffer);
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;
  /// Waits for what can still be written, as long as some of it is, and some seconds at most.
  ~LineWriter();

  /// Takes a line, with its line feed. It is written whole and in order, or dropped.
  void write(std::string_view line) noexcept;
  /// Counts a line that was lost before it came here.
  void count_lost() noexcept;

 private:
  struct Shared;

  // A thread that the kernel keeps waiting outlives this object.
  std::shared_ptr<Shared> shared_;
};

}  // namespace evo::tools
