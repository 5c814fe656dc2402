// SPDX-License-Identifier: Apache-2.0
#include "hal_core/computer_counters.hpp"

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>

namespace evo::machine {

namespace {

using cell::hal::Counters;

constexpr std::uint64_t kKibibyte = 1024;

/// The value of a line like `MemTotal:  16307496 kB` in bytes.
std::optional<std::uint64_t> kibibytes(const std::string& line, std::string_view key) {
  if (!line.starts_with(key)) return std::nullopt;
  std::istringstream rest(line.substr(key.size()));
  std::uint64_t value = 0;
  std::string unit;
  if (!(rest >> value >> unit) || unit != "kB") return std::nullopt;
  return value * kKibibyte;
}

}  // namespace

void ComputerCounters::copy_to(cell::hal::PhysInputIo& value) const noexcept {
  value.available = available;
  value.core_busy = core_busy;
  value.core_count = core_count;
  value.load_average = load_average;
  value.memory_total = memory_total;
  value.memory_available = memory_available;
  value.context_switches = context_switches;
  value.interrupts = interrupts;
  value.network_received = network_received;
  value.network_sent = network_sent;
}

ComputerCounters CounterReader::read() {
  ComputerCounters counters;
  read_stat(counters);
  read_load(counters);
  read_memory(counters);
  read_network(counters);
  return counters;
}

void CounterReader::read_stat(ComputerCounters& counters) {
  std::ifstream file(proc_ / "stat");
  std::vector<CoreTicks> cores;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string key;
    words >> key;
    if (key == "ctxt" && words >> counters.context_switches) {
      counters.available = counters.available | Counters::ContextSwitches;
    } else if (key == "intr" && words >> counters.interrupts) {
      counters.available = counters.available | Counters::Interrupts;
    } else if (key.starts_with("cpu") && key != "cpu") {
      // user nice system idle iowait irq softirq steal; the following columns are included in
      // these.
      std::array<std::uint64_t, 8> ticks{};
      std::size_t count = 0;
      while (count < ticks.size() && words >> ticks[count]) ++count;
      if (count < 4) continue;
      CoreTicks core{.name = key};
      for (const std::uint64_t part : ticks) core.total += part;
      core.busy = core.total - ticks[3] - ticks[4];
      cores.push_back(std::move(core));
    }
  }
  compare_cores(std::move(cores), counters);
}

void CounterReader::compare_cores(std::vector<CoreTicks> cores, ComputerCounters& counters) {
  if (cores.size() > counters.core_busy.size()) cores.resize(counters.core_busy.size());
  const bool same_cores =
      !cores.empty() &&
      std::equal(cores.begin(), cores.end(), cores_before_.begin(), cores_before_.end(),
                 [](const auto& now, const auto& before) { return now.name == before.name; });
  if (same_cores) {
    counters.available = counters.available | Counters::Cores;
    counters.core_count = static_cast<std::uint16_t>(cores.size());
    for (std::size_t i = 0; i < cores.size(); ++i) {
      // The kernel's idle times may step back a little.
      const auto total =
          static_cast<double>(cores[i].total) - static_cast<double>(cores_before_[i].total);
      const auto busy =
          static_cast<double>(cores[i].busy) - static_cast<double>(cores_before_[i].busy);
      counters.core_busy[i] =
          total > 0 ? static_cast<float>(std::clamp(100 * busy / total, 0.0, 100.0)) : 0;
    }
  }
  cores_before_ = std::move(cores);
}

void CounterReader::read_load(ComputerCounters& counters) const {
  std::ifstream file(proc_ / "loadavg");
  auto& load = counters.load_average;
  if (file >> load[0] >> load[1] >> load[2]) {
    counters.available = counters.available | Counters::Load;
  }
}

void CounterReader::read_memory(ComputerCounters& counters) const {
  std::ifstream file(proc_ / "meminfo");
  std::optional<std::uint64_t> total;
  std::optional<std::uint64_t> available;
  for (std::string line; (!total || !available) && std::getline(file, line);) {
    if (!total) total = kibibytes(line, "MemTotal:");
    if (!available) available = kibibytes(line, "MemAvailable:");
  }
  if (!total || !available) return;
  counters.memory_total = *total;
  counters.memory_available = *available;
  counters.available = counters.available | Counters::Memory;
}

void CounterReader::read_network(ComputerCounters& counters) const {
  std::ifstream file(proc_ / "net" / "dev");
  std::string line;
  // Two lines of headings, then `name: received-bytes 7 more sent-bytes …`.
  if (!std::getline(file, line) || !std::getline(file, line)) return;
  while (std::getline(file, line)) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) return;
    const std::size_t first = line.find_first_not_of(' ');
    if (line.substr(first, colon - first) == "lo") continue;
    std::istringstream numbers(line.substr(colon + 1));
    std::array<std::uint64_t, 9> values{};
    for (std::uint64_t& value : values) {
      if (!(numbers >> value)) return;
    }
    counters.network_received += values[0];
    counters.network_sent += values[8];
  }
  counters.available = counters.available | Counters::Network;
}

}  // namespace evo::machine
