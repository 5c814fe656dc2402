// SPDX-License-Identifier: Apache-2.0
#include "stub/cycles.hpp"

#include <algorithm>
#include <cmath>

namespace evo::tools {

namespace {

constexpr long double kSecond = 1e9L;

}  // namespace

Cycles::Cycles(double rate_hz, std::optional<std::uint64_t> span_ns) : rate_hz_(rate_hz) {
  if (!span_ns) return;
  // The index of the first cycle that is due at the end or later, and so the number of cycles
  // before it.
  count_ = static_cast<std::uint64_t>(
      std::ceil(static_cast<long double>(*span_ns) * rate_hz_ / kSecond));
  while (*count_ > 0 && due_ns(*count_ - 1) >= *span_ns) --*count_;
}

std::uint64_t Cycles::due_ns(std::uint64_t cycle) const {
  return static_cast<std::uint64_t>(
      std::llround(static_cast<long double>(cycle) * kSecond / rate_hz_));
}

std::uint64_t Cycles::last_ns() const {
  return count_ && *count_ > 0 ? due_ns(*count_ - 1) : 0;
}

std::uint64_t Cycles::catch_up(std::uint64_t now_ns) {
  auto present = static_cast<std::uint64_t>(static_cast<long double>(now_ns) * rate_hz_ / kSecond);
  while (present > next_ && due_ns(present) > now_ns) --present;
  while (due_ns(present + 1) <= now_ns) ++present;
  if (count_) present = std::min(present, *count_);
  if (present <= next_) return 0;
  const std::uint64_t left_out = present - next_;
  next_ = present;
  return left_out;
}

}  // namespace evo::tools
