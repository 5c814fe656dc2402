// SPDX-License-Identifier: Apache-2.0
/// Random sequences of operations of a writer and a reader, against a model that is one byte
/// vector.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstring>
#include <vector>

#include "any_start.hpp"
#include "bytes.hpp"
#include "memory_segment.hpp"

namespace evo::test {
namespace {

Bytes filled(std::size_t size, std::uint64_t seed) {
  Bytes bytes(size);
  for (std::byte& byte : bytes) {
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    byte = static_cast<std::byte>(seed >> 56);
  }
  return bytes;
}

ChannelDescription any_channel() {
  ChannelDescription channel;
  channel.name = "any";
  channel.owner = "model";
  channel.size = *rc::gen::inRange<std::size_t>(1, 700);
  channel.alignment = std::size_t{1} << *rc::gen::inRange(0, 6);
  channel.slots = *rc::gen::inRange<std::uint32_t>(2, 65);
  channel.stamp = *rc::gen::element(Stamp::None, Stamp::Monotonic);
  channel.checksum = *rc::gen::element(Checksum::None, Checksum::Crc32c);
  return channel;
}

Sequence following(const SlotGeometry& geometry, Sequence n) {
  return n + 1 == geometry.sequence_limit() ? 0 : n + 1;
}

/// The writer, the reader and what they should agree on.
class Machine {
 public:
  Machine(const ChannelDescription& channel, Sequence start)
      : segment_(channel, start),
        publisher_(segment_.publisher(start)),
        observer_(segment_.observer(0)),
        last_(start),
        written_(start != 0),
        value_(channel.size) {}

  void write(std::uint64_t seed) {
    const Bytes next = filled(value_.size(), seed);
    RC_ASSERT(publisher_.publish(segment_.geometry(), [&](std::byte* payload) {
      detail::copy_to_shared(payload, next.data(), next.size());
    }));
    published(next);
  }

  void patch(std::size_t offset, std::uint64_t seed) {
    const Bytes part = filled(1 + seed % (value_.size() - offset), seed);
    const std::byte* last = publisher_.last_payload(segment_.geometry());
    RC_ASSERT(publisher_.publish(segment_.geometry(), [&](std::byte* payload) {
      detail::copy_to_shared(payload, last, value_.size());
      detail::patch_shared(payload, offset, part);
    }));
    Bytes next = value_;
    std::copy(part.begin(), part.end(), next.begin() + static_cast<std::ptrdiff_t>(offset));
    published(next);
  }

  /// Begins a publish and abandons it: the next one reuses the slot.
  void abandon(std::uint64_t seed) {
    const Bytes junk = filled(value_.size(), seed);
    std::byte* payload = publisher_.begin(segment_.geometry());
    detail::copy_to_shared(payload, junk.data(), junk.size() / 2);
    publisher_.abandon();
  }

  /// A successor takes over from a writer that died between two publishes or during one.
  void take_over() {
    const auto last =
        detail::find_last_complete(segment_.header(), segment_.slots(), segment_.geometry());
    RC_ASSERT(last.has_value());
    RC_ASSERT(*last == last_);
    publisher_ = segment_.publisher(*last);
  }

  void read() {
    Bytes got(value_.size());
    const auto n = observer_.read([&](const detail::ReaderSlot& slot) {
      detail::copy_from_shared(got.data(), slot.payload(), got.size());
    });
    if (!written_) {
      RC_ASSERT(n.error() == ReadError::NeverWritten);
      return;
    }
    RC_ASSERT(n.has_value());
    RC_ASSERT(*n == last_);
    RC_ASSERT(got == value_);
    RC_ASSERT(observer_.version() == 2 * last_);
  }

  void read_range(std::size_t offset, std::size_t size) {
    if (!written_) return;
    Bytes got(size);
    const auto n = observer_.read([&](const detail::ReaderSlot& slot) {
      detail::copy_range_from_shared(got.data(), slot.payload(), offset, size);
    });
    RC_ASSERT(n.has_value());
    RC_ASSERT(
        std::equal(got.begin(), got.end(), value_.begin() + static_cast<std::ptrdiff_t>(offset)));
  }

  [[nodiscard]] std::size_t size() const { return value_.size(); }

 private:
  void published(Bytes next) {
    value_ = std::move(next);
    last_ = following(segment_.geometry(), last_);
    written_ = true;
    RC_ASSERT(publisher_.sequence() == last_);
  }

  MemorySegment segment_;
  detail::StatePublisher publisher_;
  detail::StateObserver observer_;
  Sequence last_;
  bool written_;
  Bytes value_;
};

RC_GTEST_PROP(StateProperty, EveryReadIsTheLastCompleteValue, ()) {
  const ChannelDescription channel = any_channel();
  Machine machine(channel, any_start(slot_geometry(channel)));
  const auto steps = *rc::gen::container<std::vector<std::pair<int, std::uint32_t>>>(
      rc::gen::pair(rc::gen::inRange(0, 6), rc::gen::arbitrary<std::uint32_t>()));
  for (const auto& [operation, seed] : steps) {
    const std::size_t offset = seed % machine.size();
    switch (operation) {
      case 0:
      case 1:
        machine.write(seed);
        break;
      case 2:
        machine.patch(offset, seed);
        break;
      case 3:
        machine.abandon(seed);
        break;
      case 4:
        machine.take_over();
        break;
      default:
        machine.read_range(offset, (seed / 7) % (machine.size() - offset + 1));
        break;
    }
    machine.read();
  }
}

RC_GTEST_PROP(StateProperty, GeometryHoldsItsInvariants, ()) {
  const ChannelDescription channel = any_channel();
  const SlotGeometry geometry = slot_geometry(channel);
  RC_ASSERT(geometry.stride % kCacheLine == 0U);
  RC_ASSERT(geometry.payload_offset % 8 == 0U);
  RC_ASSERT(geometry.payload_offset % channel.alignment == 0U);
  RC_ASSERT(geometry.payload_offset + geometry.payload_size <= geometry.stride);
  const std::uint32_t guard_end =
      geometry.checksummed ? geometry.checksum_offset() + 8 : (geometry.stamped ? 16 : 8);
  RC_ASSERT(guard_end <= geometry.payload_offset);
  RC_ASSERT(geometry.sequence_limit() % geometry.count == 0U);
}

}  // namespace
}  // namespace evo::test
