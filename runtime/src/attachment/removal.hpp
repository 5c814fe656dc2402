/// Removing a segment's files: what cleaning up and fencing off have in common.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "attachment/control.hpp"

namespace evo::detail {

/// The first file of the segment that this user may not remove, in words.
std::optional<std::string> find_strangers_file(const Domain& domain, std::string_view name,
                                               const Control& control);

/// The header on which readers sleep, if there is one.
std::optional<Mapping> map_header(const Domain& domain, std::string_view name,
                                  const Control& control);

/// With the lock on the names held: removes the files of the segment, the control file last.
/// False if something stays, because it is somebody else's or not this control file's any more;
/// then the control file stays too, if it is still there.
bool remove_names(const Domain& domain, std::string_view name, const Control& control);

/// With the lock on the names held: takes the segment from its writer, its readers and its files:
/// the steps S1 to S5 of fencing.cpp. False if some file is still there.
bool retire(const Domain& domain, std::string_view name, const Control& control);

/// As remove_names(), but leaves the control file.
bool remove_files(const Domain& domain, std::string_view name, const Control& control);

}  // namespace evo::detail
