/// The data files that a control file names.
///
/// An underscore in `evo_{module}_{name}_{pid}` may belong to either side, so two segments of
/// one process may ask for the same name. Who wants it records it in its control file first
/// and links it then; who finds it taken asks who else has recorded it.
#pragma once

#include <optional>
#include <string>

#include "attachment/control.hpp"

namespace evo::detail {

/// The path of the data file that `data_files[index]` names, if it names a possible one.
std::optional<std::string> data_file_path(const Domain& domain, std::string_view name,
                                          const Control& control, std::uint32_t index);

/// The byte of a data file on which its writer holds a lock, from before the file has a name until
/// the writer ends: it belongs to the mapping, so it needs no descriptor. The writer's lock on the
/// control file decides about the segment; this one tells about a data file that no control file
/// names.
inline constexpr std::uint64_t kDataLockByte = 0;

/// Takes that lock with a descriptor that is open for writing.
void mark_in_use(int fd);
bool is_in_use(int fd);

/// Whether a file's name is one that `data_path` makes for some segment.
bool is_data_file_name(std::string_view file);

/// Under the writer's lock: removes the data file that `data_files[index]` names and forgets
/// it. False if it is still there, or may be: this user may not remove it, or not even look.
bool remove_data_file(const Domain& domain, std::string_view name, const Control& control,
                      std::uint32_t index);

/// The other segment that uses the data file `path`, or may use it, if there is one: an underscore
/// in `evo_{module}_{name}_{pid}` may belong to either side.
std::optional<std::string> find_other_user(const Domain& domain, const std::string& path,
                                           std::string_view name);

/// Whether any control file names this data file, be its writer alive or not. A file has such a
/// control file from before it has its name until after it has lost it.
bool is_claimed(const Domain& domain, const std::string& path);

}  // namespace evo::detail
