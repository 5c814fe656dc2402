// SPDX-License-Identifier: Apache-2.0
/// The registry of scenarios. A new protocol adds one file of them.
#pragma once

#include <string>
#include <vector>

#include "explorer.hpp"
#include "memory_segment.hpp"

namespace evo::model {

struct NamedScenario {
  std::string name;
  Scenario scenario;
  Limits limits;
};

std::vector<NamedScenario>& scenarios();

/// Registers a scenario before main().
struct Registered {
  Registered(std::string name, Scenario scenario, const Limits& limits = {}) {
    scenarios().push_back({std::move(name), std::move(scenario), limits});
  }
};

/// Two words that are equal in every value ever written.
using Pair = std::array<std::uint64_t, 2>;

ChannelDescription pair_channel(std::uint32_t slots, Kind kind = Kind::State);

/// Declares a segment's memory as shared.
void share(Run& run, test::MemorySegment& segment);

/// Publishes a value whose words are both `number`.
bool write(detail::StatePublisher& publisher, const SlotGeometry& geometry, std::uint64_t number);

struct Got {
  std::uint64_t sequence = 0;  ///< 0: an error
  ReadError error = ReadError::Detached;
  Pair value{};

  [[nodiscard]] bool whole() const { return value[0] == value[1]; }
};

Got read(const detail::StateObserver& observer);

}  // namespace evo::model
