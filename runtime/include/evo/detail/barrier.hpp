// SPDX-License-Identifier: Apache-2.0
/// A fence on behalf of other threads.
#pragma once

namespace evo::detail {

/// Makes every core that runs a thread of a registered process (register_writer_for_wakes) execute
/// a full fence, by membarrier. False if the kernel refuses.
[[nodiscard]] bool fence_on_all_cores() noexcept;

}  // namespace evo::detail
