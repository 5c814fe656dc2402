// SPDX-License-Identifier: Apache-2.0
#include "evo/discovery.hpp"

#include <utility>

#include "evo/segment_paths.hpp"
#include "maintenance/discovery_cache.hpp"
#include "system/domain_checks.hpp"

namespace evo {

std::string_view to_string(DiscoveryEvent event) noexcept {
  switch (event) {
    case DiscoveryEvent::Appeared:
      return "Appeared";
    case DiscoveryEvent::Changed:
      return "Changed";
    case DiscoveryEvent::Vanished:
      return "Vanished";
  }
  return "?";
}

Result<SegmentDiscovery> SegmentDiscovery::start(const Domain& domain, WithoutInotify without) {
  if (auto valid = detail::validate(domain); !valid) return tl::unexpected(valid.error());
  auto cache = std::make_unique<Cache>(domain);
  cache->without = without;
  if (auto opened = cache->open_watch(); !opened) return tl::unexpected(opened.error());
  if (auto scanned = cache->rescan(); !scanned) return tl::unexpected(scanned.error());
  cache->tell();  // drops the events: there is no callback yet
  return SegmentDiscovery(std::move(cache));
}

SegmentDiscovery::SegmentDiscovery(std::unique_ptr<Cache> cache) noexcept
    : cache_(std::move(cache)) {}
SegmentDiscovery::SegmentDiscovery(SegmentDiscovery&&) noexcept = default;
SegmentDiscovery& SegmentDiscovery::operator=(SegmentDiscovery&&) noexcept = default;
SegmentDiscovery::~SegmentDiscovery() = default;

int SegmentDiscovery::fd() const noexcept {
  return cache_->both.get();
}

Result<std::size_t> SegmentDiscovery::update() {
  auto changes = cache_->update();
  cache_->arm_second_look();
  cache_->tell();
  return changes;
}

Result<std::size_t> SegmentDiscovery::rescan() {
  auto changes = cache_->rescan();
  cache_->tell();
  return changes;
}

Result<std::size_t> SegmentDiscovery::refresh(std::string_view name) {
  if (auto valid = validate_segment_name(name); !valid) {
    return tl::unexpected(valid.error());
  }
  auto changes = cache_->look_at({std::string(name)});
  cache_->tell();
  return changes;
}

bool SegmentDiscovery::watches() const noexcept {
  return cache_->watch->valid();
}

void SegmentDiscovery::on_progress(std::function<void()> callback) {
  cache_->progress = std::move(callback);
}

CallbackId SegmentDiscovery::on_change(Callback callback) {
  return cache_->add(std::move(callback));
}

bool SegmentDiscovery::remove_callback(CallbackId id) {
  return cache_->remove(id);
}

const std::vector<SegmentInfo>& SegmentDiscovery::segments() const noexcept {
  return cache_->segments;
}

const SegmentInfo* SegmentDiscovery::find(std::string_view name) const noexcept {
  const auto found = cache_->index.find(name);
  return found == cache_->index.end() ? nullptr : &cache_->segments[found->second];
}

}  // namespace evo
