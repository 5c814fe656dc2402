/// An administrator's forced takeover: the live writer of a segment is shut out.
///
/// A writer that is stopped or wedged holds its lock, so nobody can take its segment over, however
/// long that lasts. To fence it off is a decision that somebody makes, never one of a clock.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "evo/domain.hpp"
#include "evo/error.hpp"

namespace evo {

/// Whom `fence_off_writer` found.
struct FencedWriter {
  bool fenced = false;     ///< false: no writer lived, and nothing was done
  std::uint32_t pid = 0;   ///< of the last writer, in its PID namespace; advice
  std::string executable;  ///< of the last writer; advice
};

/// Shuts the live writer of a segment out and removes the segment's names, so that the next
/// `create` makes it anew at once, while the former writer may still live, be stopped, and go on
/// later. Its writes from then on return WriteError::Fenced, and its end removes nothing; a publish
/// that it is in the middle of may still come out whole, where nobody new sees it. Attached
/// readers get ReadError::Detached, sleeping ones wake, and `reattach()` finds the successor.
///
/// The last value goes with the segment: who wants to keep it reads it before. Any thread may
/// call it, several at once too.
///
/// NotFound: no such segment. SegmentBusy: somebody is just making, closing or tidying it up, or
/// fencing it off, and has not finished within a second. PermissionDenied: this user may not
/// write the control file or remove the files; then nothing was done.
Result<FencedWriter> fence_off_writer(const Domain& domain, std::string_view name);

}  // namespace evo
