// SPDX-License-Identifier: Apache-2.0
/// CRC32C (Castagnoli, reflected polynomial 0x82f63b78), as in RFC 3720 appendix B.4.
#pragma once

#include <cstddef>
#include <cstdint>

namespace evo {

/// The checksum of `size` bytes; `crc` continues an earlier one.
[[nodiscard]] std::uint32_t crc32c(const void* data, std::size_t size,
                                   std::uint32_t crc = 0) noexcept;

/// The checksum of a payload in shared memory; valid only if the read around it is confirmed.
[[nodiscard]] std::uint32_t crc32c_of_shared(const std::byte* payload, std::size_t size) noexcept;

}  // namespace evo
