/// An untyped writer for segments of either kind.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>

#include "evo/segment_writer.hpp"
#include "evo/stream_segment_writer.hpp"
#include "look/blueprint.hpp"
#include "stub/stop_signals.hpp"

namespace evo::tools {

class StubWriter {
 public:
  /// As `create` of the two writers.
  static Result<StubWriter> create(const Blueprint& blueprint, const Domain& domain);

  /// Publishes a value. If a blocking stream is full, waits until `end_ns` of CLOCK_MONOTONIC or a
  /// signal; then returns false if the value was not published. SegmentBusy: fenced off.
  Result<bool> publish(std::span<const std::byte> value, StopSignals& stop, std::uint64_t end_ns);

 private:
  explicit StubWriter(std::variant<SegmentWriter, StreamSegmentWriter> writer)
      : writer_(std::move(writer)) {}

  std::variant<SegmentWriter, StreamSegmentWriter> writer_;
};

}  // namespace evo::tools
