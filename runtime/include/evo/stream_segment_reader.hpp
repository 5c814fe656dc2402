// SPDX-License-Identifier: Apache-2.0
/// The former name of RawStreamReader; to be removed in version 0.2.
#pragma once

#include "evo/raw_stream_reader.hpp"

namespace evo {
using StreamSegmentReader [[deprecated("use RawStreamReader")]] = RawStreamReader;
}
