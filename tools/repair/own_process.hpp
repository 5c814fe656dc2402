/// Something done in a process of its own.
#pragma once

#include <functional>

#include "evo/error.hpp"

namespace evo::tools {

/// Does it in a child, and waits for the child's end: with that the kernel has freed all that the
/// deed has taken and left, locks, mappings and quotas, and no destructor has run. What the child
/// changes in its memory is lost. Gives the deed's own error; Io and ResourceExhausted if the
/// child could not be made or came to grief.
Result<void> in_own_process(const std::function<Result<void>()>& deed);

}  // namespace evo::tools
