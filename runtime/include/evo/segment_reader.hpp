// SPDX-License-Identifier: Apache-2.0
/// The former name of RawStateReader; to be removed in version 0.2.
#pragma once

#include "evo/raw_state_reader.hpp"

namespace evo {
using SegmentReader [[deprecated("use RawStateReader")]] = RawStateReader;
}
