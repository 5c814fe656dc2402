/// The counters of this computer, as /proc tells them.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "phys_input_io.evo.hpp"

namespace evo::cell {

/// Counters and which of them are there. What `available` does not name means nothing.
struct ComputerCounters {
  hal::Counters available{};
  std::array<float, 64> core_busy{};  ///< percent, since the reading before
  std::uint16_t core_count = 0;
  std::array<float, 3> load_average{};
  std::uint64_t memory_total = 0;      ///< bytes
  std::uint64_t memory_available = 0;  ///< bytes
  std::uint64_t context_switches = 0;
  std::uint64_t interrupts = 0;
  std::uint64_t network_received = 0;  ///< bytes, all interfaces but loopback
  std::uint64_t network_sent = 0;      ///< bytes, all interfaces but loopback

  /// Puts them into a value to be published.
  void copy_to(hal::PhysInputIo& value) const noexcept;
};

/// Reads them. Takes a millisecond or so, allocates, and so has no place in a control cycle.
class CounterReader {
 public:
  /// `proc` is the directory to read, for tests another one than /proc.
  explicit CounterReader(std::filesystem::path proc = "/proc") : proc_(std::move(proc)) {}

  /// A counter whose file is missing or of another form is left out. The shares of the cores are
  /// there from the second call on.
  [[nodiscard]] ComputerCounters read();

 private:
  /// What a core has spent since boot, in ticks.
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

}  // namespace evo::cell
