// SPDX-License-Identifier: Apache-2.0
/// Writers that end as if they had been killed.
#pragma once

#include <memory>
#include <utility>
#include <vector>

namespace evo::tools {

/// A writer's destructor closes its segment and removes the files. But a segment that the tool
/// writes is meant for its owner module, which must find the segment of a dead writer and take it
/// over with its value. So these writers are never destroyed; when the process ends, the kernel
/// releases their locks, and that alone makes a writer dead. A command that writes many segments
/// uses a process for each (child_process.hpp), so that each process holds only one writer.
template <class Writer>
Writer& abandon_at_exit(Writer&& writer) {
  static auto* const kept = new std::vector<std::unique_ptr<Writer>>;
  return *kept->emplace_back(std::make_unique<Writer>(std::move(writer)));
}

}  // namespace evo::tools
