// SPDX-License-Identifier: Apache-2.0
/// The former name of RawStateWriter; to be removed in version 0.2.
#pragma once

#include "evo/raw_state_writer.hpp"

namespace evo {
using SegmentWriter [[deprecated("use RawStateWriter")]] = RawStateWriter;
}
