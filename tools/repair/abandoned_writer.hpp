/// Writers that end as if they had been killed.
#pragma once

#include <memory>
#include <utility>
#include <vector>

namespace evo::tools {

/// A writer's destructor closes its segment and removes the files. What the tool writes is meant
/// for the module that owns the segment: that must find the segment of a dead writer, which it
/// takes over with its value. So these writers are never destroyed; at the end of the process the
/// kernel frees their locks, which is all that the death of a writer is. Who writes many segments
/// gives each a process of its own (own_process.hpp), so that it holds one writer at a time.
template <class Writer>
Writer& abandon_at_exit(Writer&& writer) {
  static auto* const kept = new std::vector<std::unique_ptr<Writer>>;
  return *kept->emplace_back(std::make_unique<Writer>(std::move(writer)));
}

}  // namespace evo::tools
