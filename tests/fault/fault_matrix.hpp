/// What a row of the fault matrix leaves for the table at the end of the run.
#pragma once

#include <cstddef>
#include <string_view>

namespace evo::test {

/// Records how often the running test provoked its fault, and in words what came of it.
/// A test that is skipped needs none: its reason stands in the table.
void tried(std::size_t tries, std::string_view outcome);

}  // namespace evo::test
