// SPDX-License-Identifier: Apache-2.0
/// Fills the model of `top` from a domain.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "evo/discovery.hpp"
#include "top/model.hpp"

namespace evo::tools {

/// Deaths, new segments and removed ones arrive as events; sequences, ages and lags must be polled.
/// With ten thousand segments that would use a whole core, so those on the screen are polled at
/// every tick and the others in turn, within a time limit.
class TopFeed {
 public:
  /// Time per tick for segments that are not on the screen.
  static constexpr std::chrono::milliseconds kTimeForOthers{20};

  /// The model must outlive it.
  static Result<TopFeed> start(const Domain& domain, TopModel& model);

  /// Readable (poll) when there are events to take.
  [[nodiscard]] int fd() const { return discovery_.fd(); }

  /// Processes the events since the last call; never blocks.
  Result<void> take_events();

  /// Inspects these segments again, and some of the others.
  void look_again(const std::vector<std::string>& on_screen);

 private:
  TopFeed(SegmentDiscovery discovery, TopModel& model)
      : discovery_(std::move(discovery)), model_(&model) {}
  void look_at(const std::string& name);

  SegmentDiscovery discovery_;
  TopModel* model_;
  std::size_t next_ = 0;  // index of the next one of the others
};

}  // namespace evo::tools
