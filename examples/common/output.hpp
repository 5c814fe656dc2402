// SPDX-License-Identifier: Apache-2.0
/// The segment that a module writes: created or taken over at the start; each publish is sealed and
/// timed.
#pragma once

#include <cstdint>
#include <utility>

#include "common/consistency.hpp"
#include "common/latency_histogram.hpp"
#include "evo/clock.hpp"
#include "evo/error.hpp"
#include "evo/options.hpp"
#include "evo/raw_state_writer.hpp"

namespace evo::machine {

template <class Writer>
class Output {
 public:
  using Value = typename Writer::Value;

  /// Creates the segment, or takes over what a dead writer left behind.
  [[nodiscard]] static Result<Output> create(const Domain& domain) {
    const std::uint64_t start_ns = monotonic_ns();
    auto writer = Writer::create({.domain = domain});
    const std::uint64_t end_ns = monotonic_ns();
    if (!writer) return tl::unexpected(std::move(writer.error()));
    return Output(std::move(*writer), end_ns - start_ns);
  }

  /// Seals the value and publishes it. Fenced: another process has taken over the segment, and this
  /// one must end.
  [[nodiscard]] WriteResult publish(Value& value) noexcept {
    seal(value);
    const std::uint64_t start_ns = monotonic_ns();
    const WriteResult result = writer_.write(value);
    latency_.add(monotonic_ns() - start_ns);
    return result;
  }

  [[nodiscard]] std::uint64_t create_duration_ns() const noexcept { return create_duration_ns_; }
  [[nodiscard]] std::uint64_t incarnation() const noexcept { return writer_.incarnation(); }
  [[nodiscard]] const LatencyHistogram& latency() const noexcept { return latency_; }

 private:
  Output(Writer writer, std::uint64_t create_duration_ns) noexcept
      : writer_(std::move(writer)), create_duration_ns_(create_duration_ns) {}

  Writer writer_;
  std::uint64_t create_duration_ns_;
  LatencyHistogram latency_;
};

}  // namespace evo::machine
