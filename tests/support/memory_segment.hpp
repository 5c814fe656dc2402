/// A segment in plain memory, to drive the protocol without files.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "evo/detail/state_observer.hpp"
#include "evo/detail/state_publisher.hpp"

namespace evo::test {

class MemorySegment {
 public:
  explicit MemorySegment(const ChannelDescription& channel, Sequence last = 0)
      : geometry_(slot_geometry(channel)), lines_(geometry_.stride * geometry_.count / kCacheLine) {
    detail::reset_slots(slots(), geometry_);
    control_.incarnation = 1;
    control_.generation = 1;
    control_.state = static_cast<std::uint32_t>(ControlState::Open);
    control_.wake_protocol = static_cast<std::uint32_t>(WakeProtocol::Membarrier);
    if (last != 0) {  // as if `last` publishes had been made, all bytes zero
      for (std::uint32_t back = 0; back < geometry_.count; ++back) {
        const Sequence n = last >= back ? last - back : geometry_.sequence_limit() - (back - last);
        version_of(geometry_.index_of(n)) = detail::complete(n);
      }
      header_.version = detail::complete(last);
    }
  }

  [[nodiscard]] detail::StatePublisher publisher(Sequence last = 0) {
    return {&header_, &control_, slots(), geometry_, control_.incarnation, last};
  }
  [[nodiscard]] detail::StateObserver observer(std::uint32_t retries = 128) const {
    return {&header_, &control_, slots(), geometry_, 1, retries};
  }

  [[nodiscard]] SegmentHeader& header() { return header_; }
  [[nodiscard]] ControlFile& control() { return control_; }
  [[nodiscard]] const SlotGeometry& geometry() const { return geometry_; }
  [[nodiscard]] std::byte* slots() const {
    return reinterpret_cast<std::byte*>(const_cast<Line*>(lines_.data()));
  }
  [[nodiscard]] detail::Word& version_of(std::uint32_t slot) const {
    return *reinterpret_cast<detail::Word*>(slots() + slot * geometry_.stride);
  }

 private:
  struct alignas(kCacheLine) Line {
    std::array<std::byte, kCacheLine> bytes{};
  };

  SlotGeometry geometry_;
  SegmentHeader header_;
  ControlFile control_;
  std::vector<Line> lines_;
};

}  // namespace evo::test
