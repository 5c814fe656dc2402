// SPDX-License-Identifier: Apache-2.0
/// An administrator's forced takeover: fences off the live writer of a segment.
///
/// A stopped or hung writer keeps its lock, so no process can take over its segment, however long
/// that lasts. Fencing it off is an explicit decision, never that of a clock.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "evo/domain.hpp"
#include "evo/error.hpp"

namespace evo {

/// The writer that `fence_off_writer` found.
struct FencedWriter {
  bool fenced = false;     ///< false: there was no live writer to fence off
  std::uint32_t pid = 0;   ///< of the last writer, in its PID namespace; advice
  std::string executable;  ///< of the last writer; advice
};

/// Fences off the live writer of a segment and removes the segment's names, so that the next
/// `create` recreates it immediately, even if the former writer is still alive, or is stopped and
/// continues later. From then on, that writer's writes return WriteError::Fenced, and its close
/// removes nothing. A publish that is in progress may still complete, but in the old segment,
/// which no new reader sees. Attached readers get ReadError::Detached, sleeping ones wake, and
/// `reattach()` finds the successor.
///
/// The last value is lost with the segment; to keep it, read it first. Any thread may call this
/// function, even several at the same time.
///
/// NotFound: no such segment. SegmentBusy: another process is creating, closing, cleaning up or
/// fencing off the segment, and has not finished within a second. PermissionDenied: this user may
/// not write to the control file or remove the files; then nothing was done.
Result<FencedWriter> fence_off_writer(const Domain& domain, std::string_view name);

}  // namespace evo
