/// The look at segments from outside.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "evo/control_file.hpp"
#include "evo/segment_info.hpp"
#include "system/file.hpp"

namespace evo::detail {

/// Stores why a file that is there cannot be looked at. One that is no regular file is Foreign.
void set_refusal(SegmentInfo& info, Error error);

/// What a look at a segment found.
struct Look {
  std::optional<SegmentInfo> info;  ///< nothing if the segment has no control file any more
  /// This process lacks descriptors or memory to look at it: `info` says nothing about the segment.
  bool starved = false;
};

/// Looks at segments of one domain. For a moment only: it keeps the directory open, which may
/// be removed and made anew.
class Inspector {
 public:
  explicit Inspector(Domain domain);

  /// Everything about a segment.
  [[nodiscard]] Look look(std::string_view name) const;

  /// The same, to be shown: a look that was starved is Unreadable, too.
  [[nodiscard]] std::optional<SegmentInfo> inspect(std::string_view name) const {
    return look(name).info;
  }

  /// Opens one of the domain's files for a look. A data file that is not ours must belong to
  /// `only_owner`, who owns the control file: the group may write that, and name any file in it.
  [[nodiscard]] Result<OpenedFile> open(const std::string& file, mode_t allowed,
                                        std::optional<uid_t> only_owner = {}) const;

 private:
  bool look_at_data(Look& look, const ControlFile& control, uid_t owner) const;

  Domain domain_;
  FileDescriptor directory_;
};

}  // namespace evo::detail
