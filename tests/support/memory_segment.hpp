// SPDX-License-Identifier: Apache-2.0
/// A segment in plain memory, to drive the protocol without files.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <vector>

#include "evo/detail/state_observer.hpp"
#include "evo/detail/state_publisher.hpp"
#include "evo/detail/stream_observer.hpp"
#include "evo/detail/stream_publisher.hpp"

namespace evo::test {

class MemorySegment {
 public:
  static constexpr std::uint32_t kEntries = 8;

  explicit MemorySegment(const ChannelDescription& channel, Sequence last = 0)
      : geometry_(slot_geometry(channel)), lines_(geometry_.stride * geometry_.count / kCacheLine) {
    detail::reset_slots(slots(), geometry_);
    table_.control.incarnation = 1;
    table_.control.generation = 1;
    table_.control.phase = SegmentPhase::Open;
    table_.control.wake_protocol = static_cast<std::uint32_t>(WakeProtocol::Membarrier);
    if (last != 0) {  // as after `last` publishes of zeros
      for (std::uint32_t back = 0; back < geometry_.count; ++back) {
        const Sequence n = last >= back ? last - back : geometry_.sequence_limit() - (back - last);
        version_of(geometry_.index_of(n)) = detail::complete_version(n);
      }
      header_.version = detail::complete_version(last);
    }
  }

  [[nodiscard]] detail::StatePublisher publisher(Sequence last = 0) {
    return {&header_, &table_.control, slots(), geometry_, table_.control.incarnation, last};
  }
  [[nodiscard]] detail::StateObserver observer(std::uint32_t retries = 128) const {
    return {&header_, &table_.control, slots(), geometry_, 1, retries};
  }

  /// For a stream.
  [[nodiscard]] detail::StreamPublisher stream_publisher(Overflow overflow, Sequence last = 0) {
    SegmentLayout layout;
    layout.geometry = geometry_;
    layout.overflow = overflow;
    layout.generation = 1;
    return {publisher(last), &table_.control, kEntries, nullptr, layout};
  }
  /// For reader `index`, which is not attached yet.
  [[nodiscard]] detail::StreamObserver stream_observer(std::uint32_t index,
                                                       std::uint32_t retries = 128,
                                                       Overflow overflow = Overflow::Overwrite) {
    auto& used = table_.control.entries_used;
    used = std::max(used.load(), index + 1);
    return {&header_, &table_.control, &table_.entries.at(index), slots(), geometry_, 1,
            retries,  overflow};
  }
  [[nodiscard]] ReaderEntry& entry(std::uint32_t index) { return table_.entries.at(index); }

  [[nodiscard]] SegmentHeader& header() { return header_; }
  [[nodiscard]] ControlFile& control() { return table_.control; }
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

  struct Table {
    ControlFile control;
    std::array<ReaderEntry, kEntries> entries;
  };

  SlotGeometry geometry_;
  SegmentHeader header_;
  Table table_;
  std::vector<Line> lines_;
};

}  // namespace evo::test
