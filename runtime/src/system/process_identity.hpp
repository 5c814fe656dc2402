/// Who this process is: boot, executable, start. Advice for people, never the
/// base of a decision about life and death (kernel locks are).
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

/// The id of the running boot; all zero where it cannot be read: /proc is not mounted, or
/// the process has no descriptor left.
BootId boot_id();

/// Whether something that bears this id is of another boot than the running one; false if
/// either is not known.
bool is_of_other_boot(const std::array<std::uint8_t, 16>& id);

/// Path of this process's executable, or "unknown" where /proc is not mounted.
std::string executable_path();

/// Short name of this process, as in /proc/self/comm.
std::string process_name();

/// CLOCK_REALTIME in nanoseconds.
std::uint64_t realtime_ns();

}  // namespace evo::detail
