// SPDX-License-Identifier: Apache-2.0
/// Identity of this process: boot, executable, start. Information for people only; kernel locks
/// alone decide which processes are alive.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace evo::detail {

/// The kernel's random id of this boot.
struct BootId {
  std::array<std::uint8_t, 16> bytes{};
  friend bool operator==(const BootId&, const BootId&) = default;
  /// 32 hexadecimal digits.
  [[nodiscard]] std::string text() const;
};

/// The id of the running boot. All zero if it cannot be read, because /proc is not mounted or the
/// process has no free descriptor.
BootId boot_id();

/// Whether this id belongs to a boot other than the running one; false if either is unknown.
bool is_of_other_boot(const std::array<std::uint8_t, 16>& id);

/// Path of this process's executable, or "unknown" where /proc is not mounted.
std::string executable_path();

/// Short name of this process, as in /proc/self/comm.
std::string process_name();

/// CLOCK_REALTIME in nanoseconds.
std::uint64_t realtime_ns();

}  // namespace evo::detail
