// SPDX-License-Identifier: Apache-2.0
/// <chrono> without calendars and time zones, where the standard library separates them.
///
/// In libstdc++ the durations and clocks are a fifth of <chrono>. Every program that includes a
/// generated header compiles this, so it counts.
#pragma once

#if __has_include(<bits/chrono.h>)
#include <bits/chrono.h>
#else
#include <chrono>
#endif
