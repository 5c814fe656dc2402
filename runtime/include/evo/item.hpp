// SPDX-License-Identifier: Apache-2.0
/// What a stream's reader returns.
#pragma once

#include <cstdint>

#include "evo/detail/chrono.hpp"
#include "evo/sample.hpp"

namespace evo {

/// A value of a stream, and how many values were lost before it.
template <class T>
struct Item {
  T value;
  std::uint64_t sequence = 0;  ///< number of the push, from 1
  std::uint64_t lost = 0;      ///< values lost between the previous one taken and this one
  std::uint64_t stamp_ns = 0;  ///< CLOCK_MONOTONIC nanoseconds; zero with `stamp: none`

  /// Time since the push; does not exist with `stamp: none`.
  [[nodiscard]] std::chrono::nanoseconds age() const noexcept requires(detail::is_stamped<T>()) {
    return SampleInfo{.sequence = sequence, .stamp_ns = stamp_ns}.age();
  }
};

/// The same without the value, for the untyped reader.
struct ItemInfo {
  std::uint64_t sequence = 0;
  std::uint64_t lost = 0;
  std::uint64_t stamp_ns = 0;  ///< zero if the segment carries no stamps
};

}  // namespace evo
