// SPDX-License-Identifier: Apache-2.0
#include "inspect/value_stream.hpp"

namespace evo::tools {

std::optional<StreamedValue> ValueStream::latest() {
  InspectedValue inspected = inspected_->value();
  if (inspected.error) return std::nullopt;
  if (taken_ && inspected.info.sequence == *taken_) return std::nullopt;
  taken_ = inspected.info.sequence;
  return StreamedValue{inspected.info, std::move(inspected.bytes), 0};
}

std::optional<StreamedValue> ValueStream::next() {
  if (!inspected_->readable()) return std::nullopt;
  const SegmentLayout& layout = inspected_->reader().layout();
  if (layout.generation != generation_) {
    generation_ = layout.generation;
    taken_.reset();
  }
  const bool all = layout.kind == Kind::Stream || of_state_ == OfState::AllThereAre;
  if (!taken_ || !all) return latest();

  const SlotGeometry& geometry = layout.geometry;
  const std::uint64_t last = inspected_->sequence();
  if (!geometry.is_after(last, *taken_)) return std::nullopt;
  // The writer may be filling the slot after the last publish.
  const std::uint64_t kept = geometry.count - 1;
  std::uint64_t next = geometry.after(*taken_, 1);
  if (geometry.distance(next, last) >= kept) next = geometry.before(last, kept - 1);
  StreamedValue value;
  value.bytes.resize(inspected_->reader().size());
  for (; !geometry.is_after(next, last); next = geometry.after(next, 1)) {
    const auto read = inspected_->read_at(next, value.bytes);
    if (!read) continue;  // overwritten in the meantime, or damaged
    value.info = *read;
    value.lost = layout.kind == Kind::Stream ? geometry.distance(*taken_, next) - 1 : 0;
    taken_ = next;
    return value;
  }
  return std::nullopt;
}

}  // namespace evo::tools
