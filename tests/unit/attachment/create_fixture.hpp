// SPDX-License-Identifier: Apache-2.0
/// A domain, and a channel whose segment the tests create in it, attach to and look into.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string_view>

#include "evo/raw_state_reader.hpp"
#include "evo/raw_state_writer.hpp"
#include "file_bytes.hpp"
#include "segments.hpp"
#include "temporary_domain.hpp"

namespace evo::test {

class Create : public testing::Test {
 protected:
  Result<RawStateWriter> create(const ChannelDescription& channel,
                                OnOrphan on_orphan = OnOrphan::TakeOver) const {
    return RawStateWriter::create(channel, {.domain = directory_.domain(), .on_orphan = on_orphan});
  }
  /// The fencing token of the last writer.
  [[nodiscard]] std::uint64_t incarnation() const { return peek<std::uint64_t>(control(), 128); }
  [[nodiscard]] Result<RawStateReader> attach(std::string_view name = "probe") const {
    return RawStateReader::attach(name, {.domain = directory_.domain()});
  }
  [[nodiscard]] std::filesystem::path control() const {
    return directory_.path() / "evo_probe.ctl";
  }
  /// Offset of the version of publish n's slot in the data file.
  [[nodiscard]] std::size_t slot_of(Sequence n, const ChannelDescription& channel) const {
    const SlotGeometry geometry = slot_geometry(channel);
    return peek<std::uint64_t>(directory_.data_file(), 192) +
           geometry.index_of(n) * geometry.stride;
  }

  TemporaryDomain directory_;
  ChannelDescription channel_ = raw_channel("probe", 8);
};

}  // namespace evo::test
