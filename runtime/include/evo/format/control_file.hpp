// SPDX-License-Identifier: Apache-2.0
/// The control file `evo_{name}.ctl`, which a segment's writer and readers share.
///
///   lines 0 and 1, constant
///       0  magic              u64   "EVO_CTL\0"
///       8  format, format_min u16 each
///      12  (zero)             u32
///      16  boot_id            16 bytes
///      32  name               48 bytes, zero-padded
///   line 2, the writer; hardly ever changes
///     128  incarnation        u64   fencing token: grows at each create and takeover
///     136  generation         u64   incarnation that created the data file
///     144  phase              u32   SegmentPhase
///     148  current            u32   which entry of data_files is in use: 0 or 1
///     152  writer_pid         u32   advice
///     156  writer_uid         u32   advice
///     160  wake_protocol      u32   WakeProtocol
///     164  reader_limit       u32   readers that may attach
///     168  writer_started_ns  u64   CLOCK_REALTIME, advice
///     176  found_dead_ns      u64   CLOCK_MONOTONIC when the writer was first found dead; or 0
///     184  watch_session      u32   number of the deadline watch that is on; 0: off
///     188  deaths             u32   writers of this file that their successors found dead; advice
///   line 3, sleeping readers
///     192  waiters            u64   1 + the version after which a reader sleeps; 0: none
///     200  entries_used       u32   entries of the reader table that were ever used
///     204  watch_sessions     u32   deadline watches started so far
///     208  watch_deadline_ns  u64   for intervals; 0: by the schema
///     216  watch_write_deadline_ns u64
///     224  watch_read_deadline_ns  u64
///     232  (zero)             24 bytes
///   lines 4 to 7
///     256  data_files[2]      40 bytes each: module 32 bytes, pid u32, (zero) u32
///     336  writer_executable  176 bytes: advice
///   lines 8 and 9
///     512  writer_watch       WatchBlock
///   from 640
///     640  reader table       192 bytes an entry: 64 of ReaderEntry, and its WatchBlock
///
/// Kernel locks (fcntl F_OFD_SETLK) on the bytes of this file decide which processes are alive: the
/// writer holds byte 0, and reader i holds byte 1 + i. Byte 10241 is held by a process that cleans
/// up, byte 10242 by one that switches the deadline watch, and byte 10243 by one that changes the
/// segment's names. The bytes' contents do not matter.
///
/// I1: everything except the reader table, `waiters`, `entries_used` and the fields that begin with
///     `watch_` is written only under the lock on byte 0; or, to fence off its holder, under the
///     one on byte 10243 (fencing.cpp).
/// I2: entry i of the reader table is written only under the lock on byte 1 + i.
/// I3: at most the two files named in `data_files` exist for this segment; the one that is not
///     `current` is removed by the next holder of the writer's lock.
/// I4: the file never shrinks while it has its name.
/// I5: the fields that begin with `watch_` are written only under the lock on byte 10242, except by
///     a writer that finds the file of an earlier boot.
/// I6: names of the segment's files are created and removed only under the lock on byte 10243.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "evo/detail/atomic.hpp"

namespace evo {

inline constexpr std::uint64_t kControlMagic = 0x004C54435F4F5645U;
/// The magic of formats 1 to 4: the same bytes in reverse order.
inline constexpr std::uint64_t kFormerControlMagic = 0x45564F5F43544C00U;
/// The format that this build writes, and the oldest one that it can use. 2: deadline watch. 4:
/// `waiters` is a version, not a number of readers. 5: the magic. There was no format 3.
inline constexpr std::uint16_t kControlFormatVersion = 5;
inline constexpr std::uint16_t kOldestUsableControlFormat = 5;
inline constexpr std::uint32_t kMaximumReaders = 10240;

static_assert(sizeof(void*) == 8, "a 64-bit load of shared memory has to be one instruction");
static_assert(std::endian::native == std::endian::little, "the formats are little-endian");

/// The phase in which the last holder of the writer's lock left the segment.
enum class SegmentPhase : std::uint32_t {
  Empty = 0,   ///< no data file yet
  Open = 1,    ///< there is a data file; the lock says whether its writer is alive
  Closed = 2,  ///< closed, cleaned up or fenced off; the data file is removed
};

/// How a sleeping reader makes sure that the writer sees it.
enum class WakeProtocol : std::uint32_t {
  Fence = 0,       ///< the writer executes a full fence before it loads `waiters`
  Membarrier = 1,  ///< the reader calls membarrier(GLOBAL_EXPEDITED)
};

/// The name of a data file: `evo_{module}_{name}_{pid}`; pid 0: there is none.
struct DataFileName {
  std::array<char, 32> module{};
  detail::sync::atomic<std::uint32_t> pid{0};
  std::uint32_t reserved = 0;
};

/// The numbers of the deadline watch for one endpoint, counted by that endpoint alone. Two cache
/// lines, to which no other endpoint writes.
///
///       0  session            u32   of the numbers; 0: none
///       4  (zero)             u32
///       8  operations         u64
///      16  late, slow, stale  u64 each: misses, see deadline_watch.hpp
///      40  longest_interval_ns, longest_duration_ns, greatest_age_ns   u64 each
///      64  jitter             16 buckets of u32: kJitterBuckets
struct WatchBlock {
  static constexpr std::size_t kJitterBuckets = 16;

  detail::sync::atomic<std::uint32_t> session{0};
  std::uint32_t reserved = 0;
  detail::sync::atomic<std::uint64_t> operations{0};
  detail::sync::atomic<std::uint64_t> late{0};
  detail::sync::atomic<std::uint64_t> slow{0};
  detail::sync::atomic<std::uint64_t> stale{0};
  detail::sync::atomic<std::uint64_t> longest_interval_ns{0};
  detail::sync::atomic<std::uint64_t> longest_duration_ns{0};
  detail::sync::atomic<std::uint64_t> greatest_age_ns{0};
  std::array<detail::sync::atomic<std::uint32_t>, kJitterBuckets> jitter{};
};
static_assert(sizeof(WatchBlock) == 128 && alignof(WatchBlock) == 8);
static_assert(offsetof(WatchBlock, operations) == 8);
static_assert(offsetof(WatchBlock, late) == 16);
static_assert(offsetof(WatchBlock, slow) == 24);
static_assert(offsetof(WatchBlock, stale) == 32);
static_assert(offsetof(WatchBlock, longest_interval_ns) == 40);
static_assert(offsetof(WatchBlock, longest_duration_ns) == 48);
static_assert(offsetof(WatchBlock, greatest_age_ns) == 56);
static_assert(offsetof(WatchBlock, jitter) == 64);

/// One attached reader.
struct ReaderEntry {
  detail::sync::atomic<std::uint32_t> pid{0};      ///< advice; 0: the entry is probably free
  detail::sync::atomic<std::uint32_t> waiting{0};  ///< 1 while it sleeps; advice
  detail::sync::atomic<std::uint64_t> cursor{0};   ///< stream: 2n+1 if n is the next to read; or 0
  detail::sync::atomic<std::uint64_t> attached_ns{0};  ///< CLOCK_REALTIME, advice
  std::array<char, 16> process_name{};                 ///< advice
  detail::sync::atomic<std::uint64_t> generation{0};   ///< of the cursor's data file
  std::array<std::uint8_t, 16> reserved{};
  WatchBlock watch;
};
static_assert(sizeof(ReaderEntry) == 192 && alignof(ReaderEntry) == 8);
static_assert(offsetof(ReaderEntry, watch) == 64);

struct ControlFile {
  std::uint64_t magic = kControlMagic;
  std::uint16_t format = kControlFormatVersion;
  std::uint16_t format_min = kControlFormatVersion;
  std::uint32_t reserved0 = 0;
  std::array<std::uint8_t, 16> boot_id{};
  std::array<char, 48> name{};
  std::array<std::uint8_t, 48> reserved1{};

  detail::sync::atomic<std::uint64_t> incarnation{0};
  detail::sync::atomic<std::uint64_t> generation{0};
  detail::sync::atomic<SegmentPhase> phase{SegmentPhase::Empty};
  detail::sync::atomic<std::uint32_t> current{0};
  detail::sync::atomic<std::uint32_t> writer_pid{0};
  detail::sync::atomic<std::uint32_t> writer_uid{0};
  detail::sync::atomic<std::uint32_t> wake_protocol{0};
  detail::sync::atomic<std::uint32_t> reader_limit{0};
  detail::sync::atomic<std::uint64_t> writer_started_ns{0};
  detail::sync::atomic<std::uint64_t> found_dead_ns{0};
  detail::sync::atomic<std::uint32_t> watch_session{0};
  detail::sync::atomic<std::uint32_t> deaths{0};

  detail::sync::atomic<std::uint64_t> waiters{0};
  detail::sync::atomic<std::uint32_t> entries_used{0};
  detail::sync::atomic<std::uint32_t> watch_sessions{0};
  detail::sync::atomic<std::uint64_t> watch_deadline_ns{0};
  detail::sync::atomic<std::uint64_t> watch_write_deadline_ns{0};
  detail::sync::atomic<std::uint64_t> watch_read_deadline_ns{0};
  std::array<std::uint8_t, 24> reserved4{};

  std::array<DataFileName, 2> data_files;
  std::array<char, 176> writer_executable{};

  WatchBlock writer_watch;

  /// The reader table follows the header; the mapping is as long as the file.
  [[nodiscard]] ReaderEntry* readers() noexcept {
    return reinterpret_cast<ReaderEntry*>(reinterpret_cast<std::byte*>(this) + sizeof(ControlFile));
  }
};
static_assert(sizeof(DataFileName) == 40 && alignof(DataFileName) == 4);
static_assert(sizeof(ControlFile) == 640 && alignof(ControlFile) == 8);
static_assert(offsetof(ControlFile, boot_id) == 16);
static_assert(offsetof(ControlFile, name) == 32);
static_assert(offsetof(ControlFile, incarnation) == 128);
static_assert(offsetof(ControlFile, generation) == 136);
static_assert(offsetof(ControlFile, phase) == 144);
static_assert(offsetof(ControlFile, current) == 148);
static_assert(offsetof(ControlFile, writer_pid) == 152);
static_assert(offsetof(ControlFile, writer_uid) == 156);
static_assert(offsetof(ControlFile, wake_protocol) == 160);
static_assert(offsetof(ControlFile, reader_limit) == 164);
static_assert(offsetof(ControlFile, writer_started_ns) == 168);
static_assert(offsetof(ControlFile, found_dead_ns) == 176);
static_assert(offsetof(ControlFile, watch_session) == 184);
static_assert(offsetof(ControlFile, deaths) == 188);
static_assert(offsetof(ControlFile, waiters) == 192);
static_assert(offsetof(ControlFile, entries_used) == 200);
static_assert(offsetof(ControlFile, watch_sessions) == 204);
static_assert(offsetof(ControlFile, watch_deadline_ns) == 208);
static_assert(offsetof(ControlFile, watch_write_deadline_ns) == 216);
static_assert(offsetof(ControlFile, watch_read_deadline_ns) == 224);
static_assert(offsetof(ControlFile, data_files) == 256);
static_assert(offsetof(ControlFile, writer_executable) == 336);
static_assert(offsetof(ControlFile, writer_watch) == 512);

/// The byte of the control file on which the writer holds its lock.
inline constexpr std::uint64_t kWriterLockByte = 0;
/// The byte that a process locks before the writer's byte if it takes that one only for a moment:
/// to find out whether it may create, or to clean up after a dead writer. A creator that finds both
/// locked waits, instead of mistaking the holder for a live writer.
inline constexpr std::uint64_t kCleanupLockByte = 1 + kMaximumReaders;
/// The byte that a process locks to switch the deadline watch on or off.
inline constexpr std::uint64_t kWatchLockByte = 2 + kMaximumReaders;
/// The byte that a process locks to create or remove names of the segment's files: the holder of
/// the writer's lock while it creates, closes or cleans up, and a process that fences off a live
/// writer, whose own lock is not available. The former takes it after the writer's lock.
inline constexpr std::uint64_t kNamesLockByte = 3 + kMaximumReaders;
/// The byte on which reader `index` holds its lock.
constexpr std::uint64_t reader_lock_byte(std::uint32_t index) {
  return 1U + std::uint64_t{index};
}

}  // namespace evo
