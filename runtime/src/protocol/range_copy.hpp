// SPDX-License-Identifier: Apache-2.0
/// Part of one slot's payload, with its stamp and checksum result.
#pragma once

#include <cstddef>
#include <span>

#include "evo/format/crc32c.hpp"
#include "evo/format/slot.hpp"
#include "evo/sample.hpp"

namespace evo::detail {

/// Copies `bytes` from `offset` of a slot's payload, and its stamp, and checks its checksum. Valid
/// only if the slot was not overtaken during the copy. The range must lie inside the payload.
struct RangeCopy {
  std::size_t offset = 0;
  std::span<std::byte> bytes;
  std::uint64_t stamp_ns = 0;
  bool intact = true;

  void operator()(const ReaderSlot& slot, const SlotGeometry& geometry) {
    if (!bytes.empty()) copy_range_from_shared(bytes.data(), slot.payload(), offset, bytes.size());
    if (geometry.stamped) stamp_ns = slot.stamp_ns();
    if (geometry.checksummed) {
      intact = crc32c_of_shared(slot.payload(), geometry.payload_size) == slot.checksum();
    }
  }

  /// What a reader returns for publish n.
  [[nodiscard]] ReadResult<SampleInfo> result(Sequence n, std::uint64_t max_age_ns) const {
    if (!intact) return tl::unexpected(ReadError::ChecksumMismatch);
    return SampleInfo{
        .sequence = n, .stamp_ns = stamp_ns, .max_age = std::chrono::nanoseconds(max_age_ns)};
  }
};

}  // namespace evo::detail
