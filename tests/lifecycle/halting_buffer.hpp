// SPDX-License-Identifier: Apache-2.0
/// Memory that stops the copy to or from it halfway: the middle page faults. The handler of the
/// fault reports to the driver, and waits for its leave to go on. So a writer or reader stops in
/// the middle of a value at the same place in each run, without a debugger.
#pragma once

#include <cstddef>
#include <span>

namespace evo::test::lifecycle {

class HaltingBuffer {
 public:
  static constexpr std::size_t kLargest = 3 * 4096 + 512;

  /// `halted` runs in a signal handler, once for each `arm`, while the copy waits.
  explicit HaltingBuffer(void (*halted)());

  /// Memory for a value of this size that stops the next copy.
  std::span<std::byte> place(std::size_t size);
  void arm();
  /// Whether the copy was not stopped since.
  bool disarm();

 private:
  static constexpr std::size_t kPage = 4096;
  std::byte* pages_;
};

}  // namespace evo::test::lifecycle
