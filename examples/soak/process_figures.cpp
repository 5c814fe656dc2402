// SPDX-License-Identifier: Apache-2.0
#include "soak/process_figures.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

namespace evo::machine {

namespace {

std::uint64_t status_number(pid_t pid, std::string_view wanted) {
  std::ifstream status(fmt::format("/proc/{}/status", pid));
  for (std::string line; std::getline(status, line);) {
    std::istringstream fields(line);
    std::string key;
    std::uint64_t number = 0;
    if (fields >> key >> number && key == wanted) return number;
  }
  return 0;
}

}  // namespace

ProcessFigures figures_of(pid_t pid) {
  ProcessFigures figures{.resident_bytes = status_number(pid, "VmRSS:") * 1024, .descriptors = 0};
  std::error_code error;
  for (std::filesystem::directory_iterator at(fmt::format("/proc/{}/fd", pid), error), end;
       !error && at != end; at.increment(error)) {
    ++figures.descriptors;
  }
  return figures;
}

std::uint64_t sleeps_of(pid_t pid) {
  return status_number(pid, "voluntary_ctxt_switches:");
}

}  // namespace evo::machine
