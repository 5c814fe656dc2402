// SPDX-License-Identifier: Apache-2.0
/// The counters of this computer, read from /proc.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "phys_input_io.evo.hpp"

namespace evo::machine {

/// The counters, and which of them are available. The others have no meaning.
struct ComputerCounters {
  cell::hal::Counters available{};
  std::array<float, 64> core_busy{};  ///< percent, since the previous reading
  std::uint16_t core_count = 0;
  std::array<float, 3> load_average{};
  std::uint64_t memory_total = 0;      ///< bytes
  std::uint64_t memory_available = 0;  ///< bytes
  std::uint64_t context_switches = 0;
  std::uint64_t interrupts = 0;
  std::uint64_t network_received = 0;  ///< bytes, all interfaces but loopback
  std::uint64_t network_sent = 0;      ///< bytes, all interfaces but loopback

  /// Copies them into a value to be published.
  void copy_to(cell::hal::PhysInputIo& value) const noexcept;
};

/// Reads the counters. Takes about a millisecond and allocates, so it must not run in a control
/// cycle.
class CounterReader {
 public:
  /// `proc` is the directory to read; tests pass another one than /proc.
  explicit CounterReader(std::filesystem::path proc = "/proc") : proc_(std::move(proc)) {}

  /// A counter whose file is missing or malformed is omitted. The core shares are available from
  /// the second call on.
  [[nodiscard]] ComputerCounters read();

 private:
  /// Ticks that a core has spent since boot.
  struct CoreTicks {
    std::string name;
    std::uint64_t busy = 0;
    std::uint64_t total = 0;
  };

  void read_stat(ComputerCounters& counters);
  void compare_cores(std::vector<CoreTicks> cores, ComputerCounters& counters);
  void read_load(ComputerCounters& counters) const;
  void read_memory(ComputerCounters& counters) const;
  void read_network(ComputerCounters& counters) const;

  std::filesystem::path proc_;
  std::vector<CoreTicks> cores_before_;
};

}  // namespace evo::machine
