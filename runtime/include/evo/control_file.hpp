/// The control file `evo_{name}.ctl`: where a segment's writer and readers meet.
///
///   lines 0 and 1, constant
///       0  magic              u64   "EVO_CTL\0"
///       8  format, format_min u16 each
///      12  (zero)             u32
///      16  boot_id            16 bytes
///      32  name               48 bytes, zero-padded
///   line 2, the writer's life; changes at create, takeover and close only
///     128  incarnation        u64   fencing token: +1 at each create or takeover
///     136  generation         u64   incarnation that made the data file
///     144  state              u32   ControlState
///     148  current            u32   which entry of data_files is in use: 0 or 1
///     152  writer_pid         u32   advice
///     156  writer_uid         u32   advice
///     160  wake_protocol      u32   WakeProtocol
///     164  reader_limit       u32   readers that may attach
///     168  writer_started_ns  u64   CLOCK_REALTIME, advice
///     176  found_dead_ns      u64   CLOCK_MONOTONIC when the writer was first seen dead; or 0
///     184  (zero)             8 bytes
///   line 3, sleeping readers
///     192  waiters            u32
///     196  (zero)             u32
///     200  entries_used       u32   entries of the reader table that were ever taken
///     204  (zero)             52 bytes
///   lines 4 to 7
///     256  data_files[2]      40 bytes each: module 32 bytes, pid u32, (zero) u32
///     336  writer_executable  176 bytes: advice
///   from 512
///     512  reader table       64 bytes an entry
///
/// Kernel locks (fcntl F_OFD_SETLK) on the bytes of this file say who lives: byte 0 is
/// held by the writer, byte 1 + i by reader i, byte 10241 by whoever tidies up. The bytes'
/// contents do not matter.
///
/// I1: everything but the reader table, `waiters` and `entries_used` is written only under the lock
///     on byte 0.
/// I2: entry i of the reader table is written only under the lock on byte 1 + i.
/// I3: at most the two files named in `data_files` exist for this segment; the one
///     that is not `current` is removed by whoever holds the lock next.
/// I4: the file never shrinks while it has its name.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace evo {

inline constexpr std::uint64_t kControlMagic = 0x45564F5F43544C00U;
inline constexpr std::uint16_t kControlFormatVersion = 1;
inline constexpr std::uint32_t kMaximumReaders = 10240;

/// What the last holder of the writer's lock has left.
enum class ControlState : std::uint32_t {
  Empty = 0,   ///< no data file yet
  Open = 1,    ///< data file is there; the lock says whether its writer lives
  Closed = 2,  ///< the writer ended well and removed its data file
};

/// How a sleeping reader makes sure that the writer sees it.
enum class WakeProtocol : std::uint32_t {
  Fence = 0,       ///< the writer has a full fence before it looks at `waiters`
  Membarrier = 1,  ///< the reader calls membarrier(GLOBAL_EXPEDITED)
};

/// Names a data file: `evo_{module}_{name}_{pid}`; pid 0: there is none.
struct DataFileName {
  std::array<char, 32> module{};
  std::atomic<std::uint32_t> pid{0};
  std::uint32_t reserved = 0;
};

/// One attached reader.
struct ReaderEntry {
  std::atomic<std::uint32_t> pid{0};          ///< advice; 0: the entry is probably free
  std::atomic<std::uint32_t> waiting{0};      ///< 1 while counted in ControlFile::waiters
  std::atomic<std::uint64_t> cursor{0};       ///< stream: 2n+1 if n is the next to read; or 0
  std::atomic<std::uint64_t> attached_ns{0};  ///< CLOCK_REALTIME, advice
  std::array<char, 16> process_name{};        ///< advice
  std::atomic<std::uint64_t> generation{0};   ///< of the data file that the cursor belongs to
  std::array<std::uint8_t, 16> reserved{};
};
static_assert(sizeof(ReaderEntry) == 64 && alignof(ReaderEntry) == 8);

struct ControlFile {
  std::uint64_t magic = kControlMagic;
  std::uint16_t format = kControlFormatVersion;
  std::uint16_t format_min = kControlFormatVersion;
  std::uint32_t reserved0 = 0;
  std::array<std::uint8_t, 16> boot_id{};
  std::array<char, 48> name{};
  std::array<std::uint8_t, 48> reserved1{};

  std::atomic<std::uint64_t> incarnation{0};
  std::atomic<std::uint64_t> generation{0};
  std::atomic<std::uint32_t> state{0};
  std::atomic<std::uint32_t> current{0};
  std::atomic<std::uint32_t> writer_pid{0};
  std::atomic<std::uint32_t> writer_uid{0};
  std::atomic<std::uint32_t> wake_protocol{0};
  std::atomic<std::uint32_t> reader_limit{0};
  std::atomic<std::uint64_t> writer_started_ns{0};
  std::atomic<std::uint64_t> found_dead_ns{0};
  std::array<std::uint8_t, 8> reserved2{};

  std::atomic<std::uint32_t> waiters{0};
  std::uint32_t reserved3 = 0;
  std::atomic<std::uint32_t> entries_used{0};
  std::array<std::uint8_t, 52> reserved4{};

  std::array<DataFileName, 2> data_files;
  std::array<char, 176> writer_executable{};

  /// The reader table follows the header; the mapping is as long as the file.
  [[nodiscard]] ReaderEntry* readers() noexcept {
    return reinterpret_cast<ReaderEntry*>(reinterpret_cast<std::byte*>(this) + sizeof(ControlFile));
  }
};
static_assert(sizeof(DataFileName) == 40 && alignof(DataFileName) == 4);
static_assert(sizeof(ControlFile) == 512 && alignof(ControlFile) == 8);
static_assert(offsetof(ControlFile, boot_id) == 16);
static_assert(offsetof(ControlFile, name) == 32);
static_assert(offsetof(ControlFile, incarnation) == 128);
static_assert(offsetof(ControlFile, generation) == 136);
static_assert(offsetof(ControlFile, state) == 144);
static_assert(offsetof(ControlFile, current) == 148);
static_assert(offsetof(ControlFile, writer_pid) == 152);
static_assert(offsetof(ControlFile, writer_uid) == 156);
static_assert(offsetof(ControlFile, wake_protocol) == 160);
static_assert(offsetof(ControlFile, reader_limit) == 164);
static_assert(offsetof(ControlFile, writer_started_ns) == 168);
static_assert(offsetof(ControlFile, found_dead_ns) == 176);
static_assert(offsetof(ControlFile, waiters) == 192);
static_assert(offsetof(ControlFile, entries_used) == 200);
static_assert(offsetof(ControlFile, data_files) == 256);
static_assert(offsetof(ControlFile, writer_executable) == 336);

/// The byte of the control file on which the writer holds its lock.
inline constexpr std::uint64_t kWriterLockByte = 0;
/// The byte that is locked by whoever takes the writer's lock for a moment, to tidy up behind a
/// dead writer: a writer that finds both taken waits, instead of taking it for a live one.
inline constexpr std::uint64_t kTidyLockByte = 1 + kMaximumReaders;
/// The byte on which reader `index` holds its lock.
constexpr std::uint64_t reader_lock_byte(std::uint32_t index) {
  return 1U + std::uint64_t{index};
}

}  // namespace evo
