// SPDX-License-Identifier: Apache-2.0
/// Moved; to be removed in version 0.2.
#pragma once

#include "evo/format/slot.hpp"
