// SPDX-License-Identifier: Apache-2.0
/// Busy waiting that leaves resources to the other threads of the core.
#pragma once

namespace evo::detail {

inline void pause() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace evo::detail
