/// The writer of a segment of either kind, for values without a type.
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

  /// Publishes a value. A full blocking stream is waited for, until that time of CLOCK_MONOTONIC
  /// or until a signal; false: it was not published then. SegmentBusy: fenced off.
  Result<bool> publish(std::span<const std::byte> value, StopSignals& stop, std::uint64_t end_ns);

 private:
  explicit StubWriter(std::variant<SegmentWriter, StreamSegmentWriter> writer)
      : writer_(std::move(writer)) {}

  std::variant<SegmentWriter, StreamSegmentWriter> writer_;
};

}  // namespace evo::tools
