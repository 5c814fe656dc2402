/// Options of `create` and `attach`. Every one has a default.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "evo/domain.hpp"
#include "evo/limits.hpp"

namespace evo {

/// What is asked of the memory behind a segment. `MemoryReport` says what was obtained.
struct MemoryOptions {
  /// Keep the pages in physical memory (mlock). Refused with ResourceExhausted
  /// if RLIMIT_MEMLOCK does not allow it.
  bool lock = false;
  /// Ask for transparent huge pages, for segments of 2 MiB and more; they are given only where the
  /// mount allows them (tmpfs: `huge=advise`) and to the writer that makes the segment. Readers
  /// and successors share what it was given.
  bool huge_pages = false;
  /// Bind the pages to this NUMA node; -1 leaves them where they fall.
  int numa_node = -1;
  /// Touch every page now, so that the data path takes no page fault.
  bool prefault = true;
};

/// What was obtained of MemoryOptions.
struct MemoryReport {
  bool locked = false;
  /// Some of the segment is mapped by huge pages, as /proc/self/smaps says.
  bool huge_pages = false;
  bool numa_bound = false;
  bool prefaulted = false;
  /// Why something asked for was not to be had; a warning that the domain is nearly full; empty
  /// if all is well.
  std::string note;
};

/// What `create` does with the segment that a dead writer left behind.
enum class OnOrphan : std::uint8_t {
  TakeOver,  ///< go on in place if the layout is the same, else make it anew
  Replace,   ///< make it anew; attached readers get ReadError::Detached
  Refuse,    ///< fail with AlreadyExists
};

struct WriterOptions {
  Domain domain = Domain::from_environment();
  MemoryOptions memory = {};
  OnOrphan on_orphan = OnOrphan::TakeOver;
  /// None: ResourceLimits::from_environment().
  std::optional<ResourceLimits> limits = {};
};

struct ReaderOptions {
  Domain domain = Domain::from_environment();
  /// How long to wait for a segment that is not there yet, or for the successor of a dead writer
  /// that had another schema; zero: not at all.
  std::chrono::nanoseconds wait{0};
  MemoryOptions memory = {};
  /// How often a read tries again, after the writer overtook it, before it
  /// gives up with ReadError::Contended.
  std::uint32_t retries = 128;
};

}  // namespace evo
