// SPDX-License-Identifier: Apache-2.0
/// The data files that a control file names.
///
/// An underscore in `evo_{module}_{name}_{pid}` may be part of the module or of the segment, so two
/// segments of one process may need the same name. A writer therefore records the name in its
/// control file first, and then links the file. A writer that finds the name taken checks which
/// other control file has recorded it.
#pragma once

#include <optional>
#include <string>

#include "attachment/control.hpp"

namespace evo::detail {

/// The path of the data file that `data_files[index]` names; nullopt if it names none or an invalid
/// one.
std::optional<std::string> data_file_path(const Domain& domain, std::string_view name,
                                          const Control& control, std::uint32_t index);

/// The byte of a data file on which its writer holds a lock, from before the file has a name until
/// the writer ends. The mapping holds the lock, so it needs no descriptor. The writer's lock on the
/// control file decides the ownership of the segment; this one shows whether a data file that no
/// control file names is still in use.
inline constexpr std::uint64_t kDataLockByte = 0;

/// Takes that lock through a descriptor that is open for writing.
void mark_in_use(int fd);
bool is_in_use(int fd);

/// Whether `data_path` can produce this file name for some segment.
bool is_data_file_name(std::string_view file);

/// Call with the writer's lock held. Removes the data file that `data_files[index]` names and
/// clears the entry. Returns false if the file is still there, or may be: this user may not remove
/// it, or not even look it up.
bool remove_data_file(const Domain& domain, std::string_view name, const Control& control,
                      std::uint32_t index);

/// The other segment that uses the data file `path`, or may use it, if there is one: an underscore
/// in `evo_{module}_{name}_{pid}` may be part of either name.
std::optional<std::string> find_other_user(const Domain& domain, const std::string& path,
                                           std::string_view name);

/// Whether any control file names this data file, whether its writer is alive or dead. A control
/// file names it from before the file is linked until after it is removed.
bool is_claimed(const Domain& domain, const std::string& path);

}  // namespace evo::detail
