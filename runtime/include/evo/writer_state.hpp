/// Whether a segment has a live writer.
#pragma once

#include <cstdint>
#include <string_view>

namespace evo {

/// What the kernel's lock and the control file say about a segment's writer.
enum class WriterState : std::uint8_t {
  Alive,     ///< holds its lock
  Dead,      ///< gone without closing; the last value stays readable
  Closed,    ///< ended well
  Detached,  ///< unknown: this is a forked child, or its descriptors were closed; attach again
};

[[nodiscard]] std::string_view to_string(WriterState state) noexcept;

}  // namespace evo
