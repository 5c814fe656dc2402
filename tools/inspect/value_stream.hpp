// SPDX-License-Identifier: Apache-2.0
/// The publishes of a segment in order, as far as they are still available.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "inspect/inspected_segment.hpp"

namespace evo::tools {

struct StreamedValue {
  SampleInfo info;
  std::vector<std::byte> bytes;
  std::uint64_t lost = 0;  ///< streams only: values overwritten before they could be read
};

/// Begins with the last publish. Takes every value of a stream; of a state, either all values still
/// in its slots or only the last one.
class ValueStream {
 public:
  enum class OfState : std::uint8_t { Latest, AllThereAre };

  /// `inspected` must outlive it and be readable; it may be refreshed in the meantime.
  explicit ValueStream(InspectedSegment& inspected, OfState of_state = OfState::Latest)
      : inspected_(&inspected), of_state_(of_state) {}

  /// The next one, if there is one.
  std::optional<StreamedValue> next();

 private:
  [[nodiscard]] std::optional<StreamedValue> latest();

  InspectedSegment* inspected_;
  OfState of_state_;
  std::uint64_t generation_ = 0;  // that `taken_` refers to
  std::optional<std::uint64_t> taken_;
};

}  // namespace evo::tools
