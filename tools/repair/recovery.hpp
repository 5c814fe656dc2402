/// What is to be done about a segment, and doing it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "check/checks.hpp"
#include "command.hpp"

namespace evo::tools {

enum class Remedy : std::uint8_t {
  Nothing,      ///< it is sound, or mends itself
  Refuse,       ///< see `refusal`
  FenceOff,     ///< shut its live writer out; the names go with it
  CleanUp,      ///< remove it as the runtime removes what a dead writer has left
  RemoveFiles,  ///< remove `files` by name: the runtime cannot use them
};

struct RecoveryPlan {
  Remedy remedy = Remedy::Nothing;
  std::vector<std::string> steps = {};  ///< in words; for Nothing the reason
  std::vector<std::string> files = {};  ///< names in the domain, for RemoveFiles
  ExitCode refusal = ExitCode::Fine;
};

/// `checks` are those of `check_segment`; none for a file that no control file names.
RecoveryPlan plan_recovery(const Domain& domain, const SegmentInfo& info,
                           const std::vector<Check>& checks, bool force);

/// Does it. SegmentBusy: a writer has come meanwhile. PermissionDenied and Corrupt: a file is not
/// this user's, or none that this would remove; the others are gone.
Result<void> carry_out(const Domain& domain, const SegmentInfo& info, const RecoveryPlan& plan);

/// Removes one file of a domain: a regular one, owned by this user, whose name begins with
/// `evo_`. Links are not followed but refused. One that is gone is fine.
Result<void> remove_own_file(const Domain& domain, const std::string& file);

}  // namespace evo::tools
