// SPDX-License-Identifier: Apache-2.0
/// Reports the supervisor's state to the service manager with the sd_notify protocol: a datagram to
/// the socket named by NOTIFY_SOCKET. Does nothing if that is unset.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace evo::tools {

/// Sends assignments such as "READY=1"; never blocks. False if a retry may succeed: the socket is
/// full, or this process has no descriptor left. Other errors are ignored.
bool notify_service_manager(std::string_view assignments);

/// The interval at which to send WATCHDOG=1: half of WATCHDOG_USEC, if that is meant for this
/// process.
std::optional<std::chrono::microseconds> watchdog_interval();

/// Sends READY=1 once, and WATCHDOG=1 in time while keep_informed() is called.
class ServiceManager {
 public:
  /// Reports that this process is ready.
  void ready(std::string_view status);
  /// Sends what is due. Nearly free if nothing is due.
  void keep_informed();
  /// CLOCK_MONOTONIC time of the next keep_informed(); nullopt: never.
  [[nodiscard]] std::optional<std::uint64_t> wake_ns() const;

 private:
  std::optional<std::chrono::microseconds> interval_ = watchdog_interval();
  std::string first_;                          // not sent yet
  std::uint64_t next_ns_ = ~std::uint64_t{0};  // none before ready()
};

}  // namespace evo::tools
