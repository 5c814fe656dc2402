// SPDX-License-Identifier: Apache-2.0
/// How a writer announces a new data file in the control file, and how an attaching reader looks it
/// up.
///
/// I1: a reader that finds a generation Open never sees the phase that preceded that Open. Else its
///     first wait would take a former writer's close for that of its own writer, and a later wait
///     would sleep through the close of its own.
#pragma once

#include <cstdint>

#include "evo/format/control_file.hpp"

namespace evo::detail {

/// What the control file says about the data file. Torn: the data file's own generation decides
/// whether it is the right one.
struct Announcement {
  SegmentPhase phase;
  std::uint64_t generation;
  std::uint32_t current;
};

/// Announces data file `current`, under the writer's lock.
inline void open_segment(ControlFile& control, std::uint64_t generation,
                         std::uint32_t current) noexcept {
  // release [generation]: a reader that sees it sees the phase before this call, or a later one
  // (I1), and what the writer has recorded about itself.
  control.generation.store(generation, std::memory_order_release);
  // relaxed: a reader that sees the former entry finds no file, or one of another generation.
  control.current.store(current, std::memory_order_relaxed);
  // release [phase]: pairs with the acquire load of processes that clean up.
  control.phase.store(SegmentPhase::Open, std::memory_order_release);
}

[[nodiscard]] inline Announcement look_up(const ControlFile& control) noexcept {
  // acquire [generation]: loaded first (I1).
  const std::uint64_t generation = control.generation.load(std::memory_order_acquire);
  // relaxed, both: ordered by [generation]. If they belong to a later data file, that file has
  // another generation.
  return {.phase = control.phase.load(std::memory_order_relaxed),
          .generation = generation,
          .current = control.current.load(std::memory_order_relaxed) & 1U};
}

}  // namespace evo::detail
