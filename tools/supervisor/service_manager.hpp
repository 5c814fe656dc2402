/// Telling the service manager how we are: the sd_notify protocol, a datagram to the socket that
/// NOTIFY_SOCKET names. Nothing happens where that is unset.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace evo::tools {

/// Sends assignments such as "READY=1", and never waits. False if that may work later: its socket
/// is full, or this process has no descriptor left. Other errors are ignored.
bool notify_service_manager(std::string_view assignments);

/// How often it wants to hear WATCHDOG=1: half of WATCHDOG_USEC, if that is meant for us.
std::optional<std::chrono::microseconds> watchdog_interval();

/// Sends READY=1 once and WATCHDOG=1 in time, as long as it is asked to.
class ServiceManager {
 public:
  /// Says that this process is ready.
  void ready(std::string_view status);
  /// Sends what is due. Costs next to nothing while that is nothing.
  void keep_informed();
  /// CLOCK_MONOTONIC at which keep_informed() has something to do; nothing: never.
  [[nodiscard]] std::optional<std::uint64_t> wake_ns() const;

 private:
  std::optional<std::chrono::microseconds> interval_ = watchdog_interval();
  std::string first_;                          // not sent yet
  std::uint64_t next_ns_ = ~std::uint64_t{0};  // none before ready()
};

}  // namespace evo::tools
