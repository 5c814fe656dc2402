// SPDX-License-Identifier: Apache-2.0
/// Inspects segments without attaching.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "evo/format/control_file.hpp"
#include "evo/segment_info.hpp"
#include "system/file.hpp"

namespace evo::detail {

/// Stores why an existing file cannot be read. A file that is not a regular file is Foreign.
void set_refusal(SegmentInfo& info, Error error);

/// The result of inspecting a segment.
struct Look {
  std::optional<SegmentInfo> info;  ///< nullopt if the segment no longer has a control file
  /// This process lacked descriptors or memory to inspect it: `info` says nothing about the
  /// segment.
  bool starved = false;
};

/// Inspects segments of one domain. Use it only briefly: it keeps the directory open, which may be
/// removed and recreated.
class Inspector {
 public:
  explicit Inspector(Domain domain);

  /// Returns everything about a segment.
  [[nodiscard]] Look look(std::string_view name) const;

  /// The same, for display: an inspection without resources is also reported as Unreadable.
  [[nodiscard]] std::optional<SegmentInfo> inspect(std::string_view name) const {
    return look(name).info;
  }

  /// Opens one of the domain's files for inspection. A data file of another user must be owned by
  /// `only_owner`, the owner of the control file: the group may write the control file, and name
  /// any file in it.
  [[nodiscard]] Result<OpenedFile> open(const std::string& file, mode_t allowed,
                                        std::optional<uid_t> only_owner = {}) const;

 private:
  bool look_at_data(Look& look, const ControlFile& control, uid_t owner) const;

  Domain domain_;
  FileDescriptor directory_;
};

}  // namespace evo::detail
