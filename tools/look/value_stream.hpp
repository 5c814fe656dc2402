/// The publishes of a segment one after the other, as far as they can still be had.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "look/segment_look.hpp"

namespace evo::tools {

struct StreamedValue {
  SampleInfo info;
  std::vector<std::byte> bytes;
  std::uint64_t lost = 0;  ///< of a stream: values overwritten before they could be taken
};

/// Begins with the last publish. Of a stream it takes every value; of a state as many as its slots
/// still hold, or only the last one.
class ValueStream {
 public:
  enum class OfState : std::uint8_t { Latest, AllThereAre };

  /// The look must outlive it, and be readable; it may be refreshed meanwhile.
  explicit ValueStream(SegmentLook& look, OfState of_state = OfState::Latest)
      : look_(&look), of_state_(of_state) {}

  /// The next one, if there is one.
  std::optional<StreamedValue> next();

 private:
  [[nodiscard]] std::optional<StreamedValue> latest();

  SegmentLook* look_;
  OfState of_state_;
  std::uint64_t generation_ = 0;  // that the sequence belongs to
  std::optional<std::uint64_t> taken_;
};

}  // namespace evo::tools
