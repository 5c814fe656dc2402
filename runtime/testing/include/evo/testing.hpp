// SPDX-License-Identifier: Apache-2.0
/// The test kit: what surrounds a module under test. Link evo::testing. docs/library.md explains
/// it.
///
///     a private domain for a test                  TestDomain
///     the module under test, as a program          Program
///     stand in for the owner of a segment          ScriptedWriter<Value>
///     stand in for a reader                        ScriptedReader<Value>
///     check what was published                     published<Value>().where(…).within(50ms)
///     let values age without waiting               SteppedClock
///     kill a publish at each instruction           kill_at_every_instruction
#pragma once

#include "evo/testing/kill_points.hpp"
#include "evo/testing/program.hpp"
#include "evo/testing/published.hpp"
#include "evo/testing/scripted_reader.hpp"
#include "evo/testing/scripted_writer.hpp"
#include "evo/testing/stepped_clock.hpp"
#include "evo/testing/test_domain.hpp"
