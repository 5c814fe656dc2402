// SPDX-License-Identifier: Apache-2.0
#include "descriptor_limit.hpp"

#include <algorithm>

namespace evo::tools {

namespace {

/// An inspection uses three at the same time, a cleanup four, a command start two.
constexpr rlim_t kReserve = 16;

}  // namespace

rlim_t raise_descriptor_limit() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  const rlim_t former = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return former;
}

rlim_t descriptor_limit() noexcept {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

bool leaves_reserve(int fd) noexcept {
  const rlim_t limit = descriptor_limit();
  return static_cast<rlim_t>(fd) < limit - std::min(limit / 2, kReserve);
}

FormerDescriptorLimit::FormerDescriptorLimit(rlim_t former) noexcept {
  ::getrlimit(RLIMIT_NOFILE, &raised_);
  const rlimit lowered{std::min(former, raised_.rlim_max), raised_.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &lowered);
}

FormerDescriptorLimit::~FormerDescriptorLimit() {
  ::setrlimit(RLIMIT_NOFILE, &raised_);
}

}  // namespace evo::tools
