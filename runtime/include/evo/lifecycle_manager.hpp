// SPDX-License-Identifier: Apache-2.0
/// Maintenance of a domain by one process: prepare it, clean up regularly, and remove everything
/// dead when necessary.
///
/// For supervisors and for services without one. Use an object from one thread at a time, but not
/// from a real-time thread. Nothing depends on it: `create` and `attach` are correct without it.
#pragma once

#include <deque>
#include <functional>

#include "evo/cleanup.hpp"

namespace evo {

class LifecycleManager {
 public:
  using CleanupHandler = std::function<void(const CleanupItem&)>;

  /// Creates the domain's directory if it is missing, checks that its file system supports what
  /// segments need, and makes one pass of cleanup, which removes what an earlier boot left behind.
  static Result<LifecycleManager> initialize(const Domain& domain,
                                             const CleanupPolicy& policy = {});

  /// Adds a function that is called for each segment that a pass removed, left alone, or found dead
  /// for the first time. A handler may add others, which are called from the next segment on, and
  /// may itself clean up.
  void register_cleanup_handler(CleanupHandler handler);

  /// Makes one pass: removes segments that are dead and beyond their grace period. Returns the
  /// number of segments removed. Call it regularly; every 30 s is usual.
  Result<std::size_t> periodic_cleanup();

  /// The same without a grace period, for a restart of the whole system. Live writers are never
  /// touched.
  Result<std::size_t> emergency_cleanup();

 private:
  LifecycleManager(Domain domain, const CleanupPolicy& policy);
  Result<std::size_t> clean(const CleanupPolicy& policy);

  Domain domain_;
  CleanupPolicy policy_;
  std::deque<CleanupHandler> handlers_;  // a deque: they stay in place when one adds another
};

}  // namespace evo
