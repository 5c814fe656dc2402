// SPDX-License-Identifier: Apache-2.0
/// A mapped part of a file that ends with a ring: the ring is mapped twice in a row, so that what
/// wraps in the file does not wrap in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "evo/error.hpp"
#include "system/mapping.hpp"

namespace evo::links {

class MirroredMapping {
 public:
  MirroredMapping() = default;
  MirroredMapping(MirroredMapping&& other) noexcept
      : address_(std::exchange(other.address_, nullptr)),
        head_(std::exchange(other.head_, 0)),
        ring_(std::exchange(other.ring_, 0)) {}
  MirroredMapping& operator=(MirroredMapping&& other) noexcept {
    std::swap(address_, other.address_);
    std::swap(head_, other.head_);
    std::swap(ring_, other.ring_);
    return *this;
  }
  ~MirroredMapping();

  /// Maps `head` bytes at `offset`, and a ring of `ring` bytes behind them, if it is not 0; all
  /// are whole pages. A forked child gets zero pages in its place. Corrupt: the file is shorter.
  /// Io.
  static Result<MirroredMapping> map(int fd, std::uint64_t offset, std::size_t head,
                                     std::size_t ring, detail::Protection protection);

  /// Touches every page, so that later accesses take no page fault.
  void load_pages(detail::Protection protection) const noexcept;

  [[nodiscard]] std::byte* head() const noexcept { return address_; }
  /// The first of the two copies.
  [[nodiscard]] std::byte* ring() const noexcept { return address_ + head_; }
  [[nodiscard]] std::size_t ring_size() const noexcept { return ring_; }

 private:
  /// False, with errno, if the kernel refuses. No child is forked in the meantime.
  bool map_parts(int fd, std::uint64_t offset, detail::Protection protection);
  [[nodiscard]] std::span<std::byte> bytes() const noexcept {
    return {address_, head_ + 2 * ring_};
  }

  std::byte* address_ = nullptr;
  std::size_t head_ = 0;
  std::size_t ring_ = 0;
};

}  // namespace evo::links
