// SPDX-License-Identifier: Apache-2.0
/// Runs a function in a child process.
#pragma once

#include <functional>

#include "evo/error.hpp"

namespace evo::tools {

/// Runs `action` in a child and waits for the child's end: by then the kernel has released all
/// locks, mappings and quotas that the function kept, and no destructor has run. Changes in the
/// child's memory are lost. Returns the function's own error; Io and ResourceExhausted if the child
/// could not be created or ended abnormally.
Result<void> in_child_process(const std::function<Result<void>()>& action);

}  // namespace evo::tools
