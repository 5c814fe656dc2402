// SPDX-License-Identifier: Apache-2.0
/// Whether stamps may be extrapolated from the processor's counter.
#pragma once

namespace evo::detail {

/// The stamp clocks that endpoints create from now on read the kernel's clock each time, even if
/// the kernel itself uses the counter. The test kit calls this while it steps the clock.
void distrust_counter(bool distrust) noexcept;

}  // namespace evo::detail
