// SPDX-License-Identifier: Apache-2.0
/// Enforces ResourceLimits.
#pragma once

#include <cstdint>
#include <utility>

#include "evo/domain.hpp"
#include "evo/limits.hpp"
#include "evo/memory_share.hpp"

namespace evo::detail {

/// One of the writers that this process may hold.
class WriterQuota {
 public:
  WriterQuota() = default;
  /// ResourceExhausted if the process is at its limit of writers, or has created them too fast.
  static Result<WriterQuota> take(const ResourceLimits& limits);
  WriterQuota(WriterQuota&& other) noexcept : process_(std::exchange(other.process_, 0)) {}
  WriterQuota& operator=(WriterQuota&& other) noexcept {
    std::swap(process_, other.process_);
    return *this;
  }
  ~WriterQuota();

 private:
  int process_ = 0;  // its owner: a forked child's copy does not count
};

/// ResourceExhausted if the domain is at its limit of segments.
Result<void> check_segment_count(const Domain& domain, const ResourceLimits& limits);

}  // namespace evo::detail
