// SPDX-License-Identifier: Apache-2.0
#include "repair/replacement.hpp"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "evo/format.hpp"
#include "evo/segment_info.hpp"
#include "inspect/labels.hpp"
#include "repair/ownership.hpp"

namespace evo::tools {

namespace {

std::string name_of(const LayoutVersion& version) {
  return fmt::format("{}.{}", version.major, version.minor);
}

/// The differences in everything that a value depends on. Properties such as `period` or
/// `max_readers` may change; that loses no data.
std::vector<std::string> differences(const SegmentInfo& present, const OwnedDescription& saved) {
  std::vector<std::string> found;
  const auto compare = [&](std::string_view what, const auto& here, const auto& there) {
    if (here != there) found.push_back(fmt::format("{} {}, saved {}", what, here, there));
  };
  const SegmentLayout& layout = present.layout;
  compare("kind", to_string(layout.kind), to_string(saved.kind));
  compare("module", present.module, saved.module);
  compare("size", layout.geometry.payload_size, saved.size);
  compare("alignment", layout.payload_alignment, saved.alignment);
  compare("version", name_of(layout.version), name_of(saved.version));
  if (layout.kind == saved.kind) compare("slots", layout.capacity(), saved.slots);
  if (found.empty() && layout.schema_id != saved.schema_id) {
    found.emplace_back("the schema, see evo-shm diff");
  }
  return found;
}

}  // namespace

Result<void> check_replacement(const OwnedDescription& saved, const Domain& domain, bool force) {
  const std::string& name = saved.name;
  const auto info = inspect_segment(domain, name);
  if (info && info->writer_state == WriterState::Alive) {
    return make_error(ErrorCode::SegmentBusy, "segment '{}' has a live writer, {}; stop it first",
                      name, writer_of(*info));
  }
  if (auto owned = check_owner(domain, name); !owned) return owned;
  if (!info || force || info->condition != SegmentCondition::Sound) return {};
  const auto different = differences(*info, saved);
  if (different.empty()) return {};
  return make_error(ErrorCode::SchemaMismatch,
                    "a different segment '{}' exists, left behind by {}: {}; remove it first "
                    "(evo-shm recover {}), or use --force, which replaces it",
                    name, writer_of(*info), fmt::join(different, "; "), name);
}

}  // namespace evo::tools
