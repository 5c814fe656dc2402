// SPDX-License-Identifier: Apache-2.0
/// The former name of RawStreamWriter; to be removed in version 0.2.
#pragma once

#include "evo/raw_stream_writer.hpp"

namespace evo {
using StreamSegmentWriter [[deprecated("use RawStreamWriter")]] = RawStreamWriter;
}
