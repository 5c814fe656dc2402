// SPDX-License-Identifier: Apache-2.0
/// Tests `alarm` between scripted neighbours. It needs no test framework.
#include <chrono>
#include <cstdio>
#include <evo/testing.hpp>
#include <tank.evo.hpp>

using namespace std::chrono_literals;
using evo::testing::Program;
using evo::testing::ScriptedWriter;
using plant::Tank;

namespace {

int fail(const char* why) {
  std::puts(why);
  return 1;
}

}  // namespace

int main() {
  const evo::testing::TestDomain domain;
  ScriptedWriter<Tank> sensor;
  sensor.publish_every(10ms, {{.level = 500}});
  Program alarm(ALARM, {});
  if (!alarm.says("fine", 10s)) return fail("it does not say that the level is fine");
  sensor.publish_every(10ms, {{.level = 950}});
  if (!alarm.says("too high", 10s)) return fail("it overlooks a high level");
  sensor.die();
  if (!alarm.says("no trustworthy level", 10s)) return fail("it trusts a dead sensor");
  return 0;
}
