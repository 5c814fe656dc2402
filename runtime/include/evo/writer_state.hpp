// SPDX-License-Identifier: Apache-2.0
/// Whether a segment has a live writer.
#pragma once

#include <cstdint>
#include <string_view>

namespace evo {

/// The state of a segment's writer, from the kernel's lock and the control file.
enum class WriterState : std::uint8_t {
  Alive,     ///< holds its lock
  Dead,      ///< died without closing; the last value stays readable
  Closed,    ///< closed the segment
  Detached,  ///< unknown: this is a forked child, or its descriptors were closed; reattach
};

[[nodiscard]] std::string_view to_string(WriterState state) noexcept;

}  // namespace evo
