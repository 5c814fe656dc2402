/// Fills the model of `top` from a domain.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "evo/discovery.hpp"
#include "top/model.hpp"

namespace evo::tools {

/// Deaths, new segments and vanished ones come as events; sequences, ages and lags have to be
/// asked for. With ten thousand segments that would take all of a core, so those on the screen are
/// asked at every tick and the others one after the other, as far as their time goes.
class TopFeed {
 public:
  /// What the segments that are not on the screen may take of a tick.
  static constexpr std::chrono::milliseconds kTimeForOthers{20};

  /// The model must outlive it.
  static Result<TopFeed> start(const Domain& domain, TopModel& model);

  /// Readable (poll) when there are events to take.
  [[nodiscard]] int fd() const { return discovery_.fd(); }

  /// Takes in what has happened since; never waits.
  Result<void> take_events();

  /// Looks at these segments again, and at some of the others.
  void look_again(const std::vector<std::string>& on_screen);

 private:
  TopFeed(SegmentDiscovery discovery, TopModel& model)
      : discovery_(std::move(discovery)), model_(&model) {}
  void look_at(const std::string& name);

  SegmentDiscovery discovery_;
  TopModel* model_;
  std::size_t next_ = 0;  // of the others
};

}  // namespace evo::tools
