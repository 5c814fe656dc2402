// SPDX-License-Identifier: Apache-2.0
/// The ring of a hostile sender. Byte 0 of the input: bit 0 uses checksums, bit 1 corrects them.
/// The rest is the ring. What the receiver accepts is within the ring, and no message is too long.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "evo/links/message.hpp"
#include "fuzzer.hpp"

namespace {

using namespace evo::links;
using evo::fuzz::expect;

constexpr std::size_t kSize = 4096;
constexpr std::size_t kMost = 6000;

/// A ring, as the mirrored mapping shows it.
using Ring = std::vector<std::uint64_t>;

std::byte* bytes_of(Ring& ring) {
  return reinterpret_cast<std::byte*>(ring.data());
}

/// Corrects the checksum of each frame that a receiver would reach.
void correct_checksums(Ring& ring, std::vector<std::byte>& image) {
  Position taken{0};
  FrameReceiver receiver(bytes_of(ring), kSize, &taken, evo::Checksum::None);
  while (receiver.look() == Found::Frame && receiver.taken() < kSize) {
    const std::size_t begin = receiver.taken();
    std::vector<std::byte> payload(receiver.info().length);
    expect(receiver.copy(payload.data()), "without checksums every payload is right");
    const std::uint32_t crc = frame_checksum(receiver.info(), payload.data());
    std::memcpy(image.data() + begin + 16, &crc, sizeof(crc));
    receiver.take();
  }
}

void show_twice(Ring& ring, const std::vector<std::byte>& image) {
  std::memcpy(bytes_of(ring), image.data(), kSize);
  std::memcpy(bytes_of(ring) + kSize, image.data(), kSize);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 || size > 1 + kSize) return -1;
  std::vector<std::byte> image(kSize);
  if (size > 1) std::memcpy(image.data(), data + 1, size - 1);
  Ring ring(2 * kSize / sizeof(std::uint64_t));
  show_twice(ring, image);
  const bool checked = (data[0] & 1U) != 0;
  if ((data[0] & 2U) != 0) {
    correct_checksums(ring, image);
    show_twice(ring, image);
  }
  Position taken{0};
  MessageReceiver receiver(FrameReceiver(bytes_of(ring), kSize, &taken,
                                         checked ? evo::Checksum::Crc32c : evo::Checksum::None),
                           kMost);
  // The ring does not change, so a receiver may go round for ever.
  for (int frames = 0; frames < 1000; ++frames) {
    const Progress progress = receiver.receive();
    if (progress == Progress::Nothing || progress == Progress::Damage) break;
    expect(receiver.payload().size() <= kMost, "a message is not too long");
    expect(taken.load() % kFrameAlignment == 0, "frames are whole lines");
  }
  return 0;
}
