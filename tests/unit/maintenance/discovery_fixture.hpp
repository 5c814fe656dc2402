// SPDX-License-Identifier: Apache-2.0
/// A running discovery of a domain, and the events that it reports.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>

#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "evo/discovery.hpp"
#include "evo/format.hpp"
#include "segments.hpp"
#include "temporary_domain.hpp"

namespace evo::test {

class Discovery : public testing::Test {
 protected:
  Discovery() : domain_(directory_.path() / "domain") {
    std::filesystem::create_directory(domain_.path());
    start();
  }

  void start() {
    auto started = SegmentDiscovery::start(domain_);
    if (!started) throw std::runtime_error(started.error().message);
    discovery_.emplace(std::move(*started));
    discovery_->on_change([this](DiscoveryEvent event, const SegmentInfo& info) {
      said_.push_back(
          fmt::format("{} {} {}", to_string(event), info.name, to_string(info.writer_state)));
    });
  }

  /// Processes events until `done()`; waits on the descriptor.
  template <class Done>
  bool eventually(Done&& done) {
    for (int i = 0; i < 200; ++i) {
      const auto updated = discovery_->update();
      EXPECT_TRUE(updated) << message_of(updated);
      if (done()) return true;
      pollfd descriptor{discovery_->fd(), POLLIN, 0};
      if (::poll(&descriptor, 1, 10'000) == 0) return false;
    }
    return false;
  }
  bool eventually_state(std::string_view state, std::string_view name = "probe") {
    return eventually([&] {
      const SegmentInfo* info = discovery_->find(name);
      return info != nullptr && info->condition == SegmentCondition::Sound &&
             to_string(info->writer_state) == state;
    });
  }
  /// Processes events until there are no more.
  void settle() {
    pollfd descriptor{discovery_->fd(), POLLIN, 0};
    while (::poll(&descriptor, 1, 20) > 0) EXPECT_TRUE(discovery_->update());
  }
  [[nodiscard]] Result<RawStateWriter> create(std::string_view name = "probe") const {
    return RawStateWriter::create(raw_channel(name, 8), {.domain = domain_});
  }

  TemporaryDomain directory_;
  Domain domain_;
  std::optional<SegmentDiscovery> discovery_;
  std::vector<std::string> said_;
};

}  // namespace evo::test
