/// Telling the service manager how we are: the sd_notify protocol, a datagram to the socket that
/// NOTIFY_SOCKET names. Nothing happens where that is unset.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace evo::tools {

/// Sends assignments such as "READY=1". Errors are ignored: there is nobody to tell.
void notify_service_manager(std::string_view assignments);

/// How often it wants to hear WATCHDOG=1: half of WATCHDOG_USEC, if that is meant for us.
std::optional<std::chrono::microseconds> watchdog_interval();

}  // namespace evo::tools
