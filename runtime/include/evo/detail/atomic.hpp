// SPDX-License-Identifier: Apache-2.0
/// The atomics of everything that processes share: those of the standard library. In the build of
/// the model they are the explorer's, so that the tests of tests/model run the shipped protocols
/// under a weak memory model.
#pragma once

#ifdef EVO_MODEL
#include "model_atomic.hpp"
namespace evo::detail {
namespace sync = evo::model;
}
#else
#include <atomic>
namespace evo::detail {
namespace sync = std;
}
#endif
