// SPDX-License-Identifier: Apache-2.0
/// Removes a segment's files; shared by cleanup and fencing.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "attachment/control.hpp"

namespace evo::detail {

/// Describes the first file of the segment that this user may not remove; nullopt if there is none.
std::optional<std::string> find_strangers_file(const Domain& domain, std::string_view name,
                                               const Control& control);

/// Maps the header on which readers sleep, if there is one.
std::optional<Mapping> map_header(const Domain& domain, std::string_view name,
                                  const Control& control);

/// Call with the names lock held. Removes the files of the segment, the control file last. Returns
/// false if a file remains, because it belongs to another user or this control file no longer has
/// its name. Then the control file stays too, if it is still there.
bool remove_names(const Domain& domain, std::string_view name, const Control& control);

/// Call with the names lock held. Takes the segment away from its writer and its readers and
/// removes its files: steps S1 to S5 of fencing.cpp. Returns false if a file is still there.
bool retire(const Domain& domain, std::string_view name, const Control& control);

/// Like remove_names(), but keeps the control file.
bool remove_files(const Domain& domain, std::string_view name, const Control& control);

}  // namespace evo::detail
