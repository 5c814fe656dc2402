/// Takes the values of a segment's fields into a plot.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "look/segment_look.hpp"
#include "look/value_stream.hpp"
#include "plot/series.hpp"

namespace evo::tools {

/// One line of a plot: a number of the payload.
struct Channel {
  Field field;
  std::uint32_t element = 0;
  std::string label;
};

/// A line for each number that the paths stand for; arrays and structs are spelled out. NotFound:
/// no such field. InvalidSize: more than can be told apart.
Result<std::vector<Channel>> channels_of(const Fields& fields,
                                         const std::vector<std::string>& paths);

class Recorder {
 public:
  /// Called with each value that is taken.
  using Callback = std::function<void(const StreamedValue&)>;

  /// The look must outlive it, and have fields. Keeps the last `window_s` seconds.
  Recorder(SegmentLook& look, std::vector<Channel> channels, double window_s);

  /// Takes what was published since; comes back after `longest_ns` even if there is more.
  void take(std::uint64_t longest_ns, const Callback& callback = {});

  /// What is seen of the window that ends now.
  [[nodiscard]] const Plot& plot_until(std::uint64_t now_ns);

  [[nodiscard]] const std::vector<Channel>& channels() const { return channels_; }

  /// Publishes that were taken, and those that there were.
  [[nodiscard]] std::uint64_t seen_count() const { return seen_; }
  [[nodiscard]] std::uint64_t published_count() const { return published_; }

 private:
  [[nodiscard]] std::string seen() const;

  SegmentLook* look_;
  ValueStream values_;
  std::vector<Channel> channels_;
  Plot plot_;
  double window_s_;
  std::uint64_t start_ns_;
  std::uint64_t seen_ = 0;
  std::uint64_t published_ = 0;
  std::uint64_t last_sequence_ = 0;
};

}  // namespace evo::tools
