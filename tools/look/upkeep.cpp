#include "look/upkeep.hpp"

#include "evo/clock.hpp"

namespace evo::tools {

namespace {

constexpr std::uint64_t kAskEveryNs = 100'000'000;

}  // namespace

Result<void> Upkeep::keep() {
  return monotonic_ns() - asked_ns_ < kAskEveryNs ? Result<void>() : look_again();
}

Result<void> Upkeep::look_again() {
  asked_ns_ = monotonic_ns();
  const std::string name = look_->info().name;
  if (auto again = look_->refresh(); !again) {
    if (again.error().code != ErrorCode::NotFound) return again;
    return detail::fail(ErrorCode::NotFound,
                        "segment '{}' is gone; run this again when its writer is back", name);
  }
  // Between two writers there may briefly be nothing to read.
  if (look_->readable() && look_->info().layout.schema_id.hex() != schema_id_) {
    return detail::fail(ErrorCode::SchemaMismatch,
                        "segment '{}' was recreated from another schema; run this again", name);
  }
  return {};
}

}  // namespace evo::tools
