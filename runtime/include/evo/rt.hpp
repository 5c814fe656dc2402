// SPDX-License-Identifier: Apache-2.0
/// Renamed; to be removed in version 0.2.
#pragma once

#include "evo/real_time.hpp"
