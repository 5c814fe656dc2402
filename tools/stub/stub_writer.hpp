// SPDX-License-Identifier: Apache-2.0
/// An untyped writer for segments of either kind.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>

#include "evo/raw_state_writer.hpp"
#include "evo/raw_stream_writer.hpp"
#include "inspect/owned_description.hpp"
#include "stub/stop_signals.hpp"

namespace evo::tools {

class StubWriter {
 public:
  /// Like `create` of the two writers.
  static Result<StubWriter> create(const OwnedDescription& description, const Domain& domain);

  /// Publishes a value. If a blocking stream is full, waits until `end_ns` of CLOCK_MONOTONIC or a
  /// signal; then returns false if the value was not published. SegmentBusy: fenced off.
  Result<bool> publish(std::span<const std::byte> value, StopSignals& stop, std::uint64_t end_ns);

 private:
  explicit StubWriter(std::variant<RawStateWriter, RawStreamWriter> writer)
      : writer_(std::move(writer)) {}

  std::variant<RawStateWriter, RawStreamWriter> writer_;
};

}  // namespace evo::tools
