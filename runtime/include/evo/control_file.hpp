// SPDX-License-Identifier: Apache-2.0
/// Moved; to be removed in version 0.2.
#pragma once

#include "evo/format/control_file.hpp"
namespace evo {
/// The former name; to be removed in version 0.2.
using ControlState [[deprecated("use SegmentPhase")]] = SegmentPhase;
}  // namespace evo
