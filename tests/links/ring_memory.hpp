// SPDX-License-Identifier: Apache-2.0
/// A ring as two processes have it: one maps it read-write, the other one read-only.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <stdexcept>

#include "evo/links/frame_sleep.hpp"
#include "mirrored_mapping.hpp"
#include "system/file_descriptor.hpp"

namespace evo::links::test {

inline constexpr std::size_t kHead = 4096;
inline constexpr std::size_t kRingSize = 4096;

class RingMemory {
 public:
  explicit RingMemory(std::size_t size, Checksum checksum = Checksum::Crc32c)
      : checksum_(checksum),
        file_(::memfd_create("ring", MFD_CLOEXEC)),
        out_(map(size, detail::Protection::ReadWrite)),
        in_(map(size, detail::Protection::Read)) {}

  [[nodiscard]] FrameSender sender() const {
    return {out_.ring(), out_.ring_size(), &state_.taken, checksum_};
  }
  [[nodiscard]] FrameReceiver receiver() {
    return {in_.ring(), in_.ring_size(), &state_.taken, checksum_};
  }
  /// Byte `offset` of the ring, as its sender can change it.
  [[nodiscard]] std::byte& at(std::size_t offset) const { return out_.ring()[offset]; }
  [[nodiscard]] const MirroredMapping& seen_by_receiver() const { return in_; }
  [[nodiscard]] Position& taken() { return state_.taken; }
  [[nodiscard]] ReceiverState& state() { return state_; }

 private:
  [[nodiscard]] MirroredMapping map(std::size_t size, detail::Protection protection) const {
    if (::ftruncate(file_.get(), static_cast<off_t>(kHead + size)) != 0) {
      throw std::runtime_error("no memory for a ring");
    }
    auto mapping = MirroredMapping::map(file_.get(), 0, kHead, size, protection);
    if (!mapping) throw std::runtime_error(mapping.error().message);
    return std::move(*mapping);
  }

  Checksum checksum_;
  detail::FileDescriptor file_;
  ReceiverState state_;
  MirroredMapping out_;
  MirroredMapping in_;
};

}  // namespace evo::links::test
