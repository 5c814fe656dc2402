// SPDX-License-Identifier: Apache-2.0
/// Where a property starts the sequence numbers of a segment.
#pragma once

#include <rapidcheck.h>

#include "memory_segment.hpp"

namespace evo::test {

/// At the beginning, or shortly before a point where a counter could break.
inline Sequence any_start(const SlotGeometry& geometry) {
  const Sequence wrap =
      *rc::gen::element<Sequence>(0, std::uint64_t{1} << 31, std::uint64_t{1} << 32,
                                  std::uint64_t{1} << 62, geometry.sequence_limit());
  const Sequence back = *rc::gen::inRange<Sequence>(0, 3 * geometry.count);
  return wrap >= back ? (wrap - back) % geometry.sequence_limit() : 0;
}

}  // namespace evo::test
