// SPDX-License-Identifier: Apache-2.0
/// Names of segments and modules, and the paths of a segment's files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "evo/domain.hpp"
#include "evo/error.hpp"

namespace evo {

/// `[a-z][a-z0-9_]{0,47}`.
bool is_segment_name(std::string_view name) noexcept;
/// InvalidName, unless it is one.
Result<void> validate_segment_name(std::string_view name);

/// `[a-z][a-z0-9_]{0,31}`; otherwise InvalidName.
Result<void> validate_module_name(std::string_view name);

/// `evo_{module}_{name}_{pid}`.
std::string data_file_name(std::string_view module, std::string_view name, std::uint32_t pid);
/// `evo_{name}.ctl`.
std::string control_file_name(std::string_view name);

std::string data_path(const Domain& domain, std::string_view module, std::string_view name,
                      std::uint32_t pid);
/// The JSON file that describes the segment to other languages.
std::string meta_path(const Domain& domain, std::string_view name);
std::string control_path(const Domain& domain, std::string_view name);

}  // namespace evo
