// SPDX-License-Identifier: Apache-2.0
/// A domain with segments, for the tests of wait sets. Time limits only end tests that would
/// otherwise hang; none decides a result.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "evo/raw_stream_reader.hpp"
#include "evo/raw_stream_writer.hpp"
#include "evo/wait_set.hpp"
#include "segments.hpp"
#include "temporary_domain.hpp"

namespace evo::test {

class WaitSetTest : public testing::Test {
 protected:
  static constexpr std::chrono::seconds kLong{60};

  [[nodiscard]] RawStateWriter writer(const std::string& name,
                                      OnOrphan on_orphan = OnOrphan::TakeOver) const {
    return RawStateWriter::create(raw_channel(name, 8),
                                  {.domain = directory_.domain(), .on_orphan = on_orphan})
        .value();
  }
  [[nodiscard]] RawStateReader reader(const std::string& name) const {
    return RawStateReader::attach(name, {.domain = directory_.domain()}).value();
  }
  [[nodiscard]] static ChannelDescription stream(const std::string& name) {
    ChannelDescription channel = raw_channel(name, 8, 4);
    channel.kind = Kind::Stream;
    return channel;
  }
  [[nodiscard]] RawStreamWriter stream_writer(const std::string& name) const {
    return RawStreamWriter::create(stream(name), {.domain = directory_.domain()}).value();
  }
  [[nodiscard]] RawStreamReader stream_reader(const std::string& name) const {
    return RawStreamReader::attach(name, {.domain = directory_.domain()}).value();
  }
  static void write(RawStateWriter& writer, std::uint64_t number) {
    ASSERT_TRUE(writer.write(bytes_of(number)));
  }

  /// The reason of the token in a wait that only looks.
  [[nodiscard]] static WaitReason look(WaitSet& set, WaitToken token) {
    return set.wait(std::chrono::nanoseconds(0)).why(token);
  }

  TemporaryDomain directory_;
};

}  // namespace evo::test
