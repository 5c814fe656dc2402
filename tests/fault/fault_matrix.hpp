// SPDX-License-Identifier: Apache-2.0
/// What a row of the fault matrix contributes to the table at the end of the run.
#pragma once

#include <cstddef>
#include <string_view>

namespace evo::test {

/// Records how often the running test provoked its fault, and the result in words. A skipped test
/// need not call it: the table shows its reason.
void tried(std::size_t tries, std::string_view outcome);

}  // namespace evo::test
