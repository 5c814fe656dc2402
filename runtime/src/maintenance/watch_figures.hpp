// SPDX-License-Identifier: Apache-2.0
/// Reads the figures that a DeadlineRecorder counts.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "evo/deadline_watch.hpp"
#include "evo/format/control_file.hpp"

namespace evo::detail {

inline std::chrono::nanoseconds duration_of(const sync::atomic<std::uint64_t>& ns) {
  // relaxed: each figure is read on its own; the block's session decides whether they are
  // consistent.
  const auto count = ns.load(std::memory_order_relaxed);
  constexpr auto kLongest = static_cast<std::uint64_t>(std::chrono::nanoseconds::max().count());
  return std::chrono::nanoseconds(static_cast<std::int64_t>(std::min(count, kLongest)));
}

/// The figures of a block, if they belong to this session. Otherwise all zero, because the endpoint
/// did nothing in it. If the block is a private copy, `refresh()` copies its session again; false:
/// that is not possible.
template <class Refresh>
EndDeadlines read_figures(const WatchBlock& block, std::uint32_t session, Refresh&& refresh) {
  EndDeadlines figures;
  // acquire [figures]: pairs with the endpoint's release store, so none is from an earlier session.
  if (session == 0 || block.session.load(std::memory_order_acquire) != session) return figures;
  // relaxed, all: as in duration_of.
  figures.operations = block.operations.load(std::memory_order_relaxed);
  figures.late = block.late.load(std::memory_order_relaxed);
  figures.slow = block.slow.load(std::memory_order_relaxed);
  figures.stale = block.stale.load(std::memory_order_relaxed);
  figures.longest_interval = duration_of(block.longest_interval_ns);
  figures.longest_duration = duration_of(block.longest_duration_ns);
  figures.greatest_age = duration_of(block.greatest_age_ns);
  for (std::size_t i = 0; i < block.jitter.size(); ++i) {
    figures.jitter.counts.at(i) = block.jitter.at(i).load(std::memory_order_relaxed);
  }
  // acquire fence [figures-reset]: pairs with the endpoint's release fence. If any figure above
  // came from a later session, the load below sees another number.
  sync::atomic_thread_fence(std::memory_order_acquire);
  // relaxed: [figures-reset] orders this load after the loads of the figures. For a copy, the order
  // of the system calls does.
  if (!refresh() || block.session.load(std::memory_order_relaxed) != session) return {};
  return figures;
}

}  // namespace evo::detail
