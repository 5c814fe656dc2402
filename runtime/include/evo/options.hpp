// SPDX-License-Identifier: Apache-2.0
/// Options of `create` and `attach`; each has a default.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "evo/detail/chrono.hpp"
#include "evo/domain.hpp"
#include "evo/limits.hpp"

namespace evo {

/// Requests about a segment's memory. `MemoryReport` says which were granted.
struct MemoryOptions {
  /// Keep the pages in physical memory (mlock). Refused with ResourceExhausted
  /// if RLIMIT_MEMLOCK does not allow it.
  bool lock = false;
  /// Request transparent huge pages, for segments of 2 MiB and more. They are granted only where
  /// the mount allows them (tmpfs: `huge=advise`), and to the writer that creates the segment.
  /// Readers and later writers share what that writer was granted.
  bool huge_pages = false;
  /// Bind the pages to this NUMA node; -1 does not bind them.
  int numa_node = -1;
  /// Touch every page now, so that the data path takes no page fault.
  bool prefault = true;
};

/// Which requests of MemoryOptions were granted.
struct MemoryReport {
  bool locked = false;
  /// Part of the segment is mapped with huge pages, according to /proc/self/smaps.
  bool huge_pages = false;
  bool numa_bound = false;
  bool prefaulted = false;
  /// Why a request was not granted, and a warning if the domain is nearly full. Empty if all is
  /// well.
  std::string note;
};

/// What `create` does with a segment that a dead writer left behind.
enum class OnOrphan : std::uint8_t {
  TakeOver,  ///< take over in place if the layout is the same, otherwise recreate
  Replace,   ///< recreate; attached readers get ReadError::Detached
  Refuse,    ///< fail with AlreadyExists
};

struct WriterOptions {
  Domain domain = Domain::from_environment();
  MemoryOptions memory = {};
  OnOrphan on_orphan = OnOrphan::TakeOver;
  /// nullopt: ResourceLimits::from_environment().
  std::optional<ResourceLimits> limits = {};
};

struct ReaderOptions {
  Domain domain = Domain::from_environment();
  /// How long to wait for a segment that does not exist yet, or for the successor of a dead writer
  /// that had another schema. Zero: do not wait.
  std::chrono::nanoseconds wait{0};
  MemoryOptions memory = {};
  /// How often a read is retried after the writer overtook it, before it fails with
  /// ReadError::Contended.
  std::uint32_t retries = 128;
};

}  // namespace evo
