// SPDX-License-Identifier: Apache-2.0
/// The context of the statements that the documents show: `<!-- test: context=Gripper -->`.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <alarm.evo.hpp>
#include <chrono>
#include <gripper_state.evo.hpp>

#include "evo/cleanup.hpp"
#include "evo/cycle.hpp"
#include "evo/deadline_watch.hpp"
#include "evo/discovery.hpp"
#include "evo/format.hpp"
#include "evo/real_time.hpp"
#include "evo/segment_info.hpp"
#include "evo/testing.hpp"
#include "evo/wait_set.hpp"
#include "temporary_domain.hpp"

// Alarm and its endpoints, named as in the documents.
using namespace evo::test;
using namespace std::chrono_literals;

/// An empty domain.
class Empty : public testing::Test {
 protected:
  Empty() { ::setenv("EVO_DOMAIN", directory_.path().c_str(), 1); }

  /// Stands for what a program does with a value.
  template <class... Values>
  static void use(const Values&... /*values*/) {}

 private:
  TemporaryDomain directory_;

 protected:
  const evo::Domain domain = directory_.domain();
};

/// The gripper of README.md, with its writer and its reader.
class Gripper : public Empty {
 protected:
  void SetUp() override {
    ASSERT_TRUE(writer) << fmt::format("{}", writer.error());
    ASSERT_TRUE(reader) << fmt::format("{}", reader.error());
    ASSERT_TRUE(writer->write(value));
  }

  ~Gripper() override { ::close(descriptor); }

  const int descriptor = ::eventfd(0, EFD_CLOEXEC);
  const cell::GripperState value{.cycle = 1, .opening = 40.5F};
  cell::GripperState large{};
  evo::Result<cell::GripperStateWriter> writer = cell::GripperStateWriter::create();
  evo::Result<cell::GripperStateReader> reader = cell::GripperStateReader::attach();
};

/// A test of a module that reads the gripper.
class Kit : public Empty {
 protected:
  using GripperState = cell::GripperState;
  using GripperStateReader = cell::GripperStateReader;
  using GripperStateWriter = cell::GripperStateWriter;
};

using evo::testing::published;
using evo::testing::ScriptedWriter;
using evo::testing::SteppedClock;
