// SPDX-License-Identifier: Apache-2.0
/// What the build was instrumented with.
#pragma once

namespace evo::test {

/// Whether the address or thread sanitizer is active: it needs much address space and turns mlock
/// into a no-op.
constexpr bool is_sanitized() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  return true;
#endif
#endif
  return false;
}

}  // namespace evo::test
