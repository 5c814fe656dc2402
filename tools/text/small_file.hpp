// SPDX-License-Identifier: Apache-2.0
/// Small files of the kernel and of the system configuration.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace evo::tools {

/// The contents of a file; empty if it cannot be read.
[[nodiscard]] inline std::string read_small_file(const std::filesystem::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace evo::tools
