// SPDX-License-Identifier: Apache-2.0
#include "evo/lifecycle_manager.hpp"

#include <exception>

#include "system/domain_checks.hpp"
#include "system/file.hpp"
#include "system/kernel_lock.hpp"

namespace evo {

namespace {

/// Checks that files of the domain can be created and locked as segments need it.
Result<void> try_file_system(const Domain& domain) {
  auto file = detail::UnnamedFile::make(domain, 4096, 0600);
  if (!file) return tl::unexpected(file.error());
  const auto locked = detail::try_lock(file->fd(), 0);
  if (!locked) return tl::unexpected(locked.error());
  return {};
}

}  // namespace

LifecycleManager::LifecycleManager(Domain domain, const CleanupPolicy& policy)
    : domain_(std::move(domain)), policy_(policy) {}

Result<LifecycleManager> LifecycleManager::initialize(const Domain& domain,
                                                      const CleanupPolicy& policy) {
  if (auto valid = detail::validate(domain); !valid) return tl::unexpected(valid.error());
  if (auto made = detail::ensure_directory(domain); !made) return tl::unexpected(made.error());
  if (auto usable = try_file_system(domain); !usable) return tl::unexpected(usable.error());
  LifecycleManager manager(domain, policy);
  if (auto cleaned = manager.clean(policy); !cleaned) return tl::unexpected(cleaned.error());
  return manager;
}

void LifecycleManager::register_cleanup_handler(CleanupHandler handler) {
  handlers_.push_back(std::move(handler));
}

Result<std::size_t> LifecycleManager::periodic_cleanup() {
  return clean(policy_);
}

Result<std::size_t> LifecycleManager::emergency_cleanup() {
  CleanupPolicy at_once = policy_;
  at_once.grace = std::chrono::nanoseconds(0);
  return clean(at_once);
}

Result<std::size_t> LifecycleManager::clean(const CleanupPolicy& policy) {
  const auto report = cleanup_orphaned_segments(domain_, policy);
  if (!report) return tl::unexpected(report.error());
  std::exception_ptr thrown;
  for (const CleanupItem& item : report->items) {
    if (item.action == CleanupAction::StillRead) continue;                    // normal
    if (item.action == CleanupAction::Waiting && !item.found_dead) continue;  // reported before
    // By index: a handler may add others.
    const std::size_t count = handlers_.size();
    for (std::size_t i = 0; i < count; ++i) {
      // Each handler receives each item: a death is reported once.
      try {
        handlers_[i](item);
      } catch (...) {
        if (!thrown) thrown = std::current_exception();
      }
    }
  }
  if (thrown) std::rethrow_exception(thrown);
  return report->removed();
}

}  // namespace evo
