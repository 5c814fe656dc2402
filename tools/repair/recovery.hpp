// SPDX-License-Identifier: Apache-2.0
/// Plans and carries out the recovery of a segment.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "check/checks.hpp"

namespace evo::tools {

enum class Remedy : std::uint8_t {
  Nothing,      ///< it is sound, or recovers by itself
  Refuse,       ///< for the reason `refusal`
  FenceOff,     ///< shut out its live writer; the files are removed with it
  CleanUp,      ///< remove it as the runtime removes the files of a dead writer
  RemoveFiles,  ///< remove `files` by name: the runtime cannot use them
};

struct RecoveryPlan {
  Remedy remedy = Remedy::Nothing;
  std::vector<std::string> steps = {};         ///< in words; for Nothing, the reason
  std::vector<std::string> files = {};         ///< names in the domain, for RemoveFiles
  ErrorCode refusal = ErrorCode::SegmentBusy;  ///< for Refuse
};

/// `checks` are those of `check_segment`; empty for a file that no control file names.
RecoveryPlan plan_recovery(const Domain& domain, const SegmentInfo& info,
                           const std::vector<Check>& checks, bool force);

/// Carries out the plan. SegmentBusy: a writer has started in the meantime. PermissionDenied and
/// Corrupt: a file is owned by another user or is not one that this function may remove; the others
/// are removed.
Result<void> carry_out(const Domain& domain, const SegmentInfo& info, const RecoveryPlan& plan);

/// Removes one file of a domain: a regular file, owned by this user, whose name begins with `evo_`.
/// Links are not followed but refused. A file that no longer exists is not an error.
Result<void> remove_own_file(const Domain& domain, const std::string& file);

}  // namespace evo::tools
