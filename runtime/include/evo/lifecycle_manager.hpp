/// What a process that looks after a domain does: prepare it, clean up now and then, and clear
/// everything dead away when it must.
///
/// For supervisors and for services without one. An object belongs to one thread at a time and
/// to no real-time thread. Nothing depends on it: `create` and `attach` are correct without.
#pragma once

#include <deque>
#include <functional>

#include "evo/cleanup.hpp"

namespace evo {

class LifecycleManager {
 public:
  using CleanupHandler = std::function<void(const CleanupItem&)>;

  /// Makes the domain's directory where it is missing, checks that its file system can do what
  /// segments need, and removes what an earlier boot has left.
  static Result<LifecycleManager> initialize(const Domain& domain,
                                             const CleanupPolicy& policy = {});

  /// Adds a function that is called for each segment that a pass has removed, left alone, or
  /// found dead for the first time. A handler may add others, which are called from the next
  /// segment on, and clean up itself.
  void register_cleanup_handler(CleanupHandler handler);

  /// One pass: removes what is dead and beyond its grace period. Returns how many segments were
  /// removed. Call it every so often; 30 s is usual.
  Result<std::size_t> periodic_cleanup();

  /// The same without a grace period, for a restart of the whole system: live writers are never
  /// touched.
  Result<std::size_t> emergency_cleanup();

 private:
  LifecycleManager(Domain domain, const CleanupPolicy& policy);
  Result<std::size_t> clean(const CleanupPolicy& policy);

  Domain domain_;
  CleanupPolicy policy_;
  std::deque<CleanupHandler> handlers_;  // stay where they are when one of them adds another
};

}  // namespace evo
