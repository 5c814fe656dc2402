// SPDX-License-Identifier: Apache-2.0
#include "inspect/schema_guard.hpp"

#include "evo/clock.hpp"
#include "evo/format.hpp"

namespace evo::tools {

namespace {

constexpr std::uint64_t kAskEveryNs = 100'000'000;

}  // namespace

Result<void> SchemaGuard::keep() {
  return monotonic_ns() - asked_ns_ < kAskEveryNs ? Result<void>() : look_again();
}

Result<void> SchemaGuard::look_again() {
  asked_ns_ = monotonic_ns();
  const std::string name = inspected_->info().name;
  if (auto again = inspected_->refresh(); !again) {
    if (again.error().code != ErrorCode::NotFound) return again;
    return make_error(ErrorCode::NotFound,
                      "segment '{}' is gone; run this again when its writer is back", name);
  }
  // Between two writers there may briefly be nothing to read.
  if (inspected_->readable() && inspected_->info().layout.schema_id.hex() != schema_id_) {
    return make_error(ErrorCode::SchemaMismatch,
                      "segment '{}' was recreated from another schema; run this again", name);
  }
  return {};
}

}  // namespace evo::tools
