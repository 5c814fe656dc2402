// SPDX-License-Identifier: Apache-2.0
/// Former names still compile, for one minor version.
#include <gtest/gtest.h>

#include <type_traits>

#include "evo/control_file.hpp"
#include "evo/rt.hpp"
#include "evo/segment_header.hpp"
#include "evo/segment_reader.hpp"
#include "evo/segment_writer.hpp"
#include "evo/slot.hpp"
#include "evo/stream_segment_reader.hpp"
#include "evo/stream_segment_writer.hpp"

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace evo::test {
namespace {

static_assert(std::is_same_v<SegmentWriter, RawStateWriter>);
static_assert(std::is_same_v<SegmentReader, RawStateReader>);
static_assert(std::is_same_v<StreamSegmentWriter, RawStreamWriter>);
static_assert(std::is_same_v<StreamSegmentReader, RawStreamReader>);
static_assert(std::is_same_v<ControlState, SegmentPhase>);

TEST(FormerNames, AnswerAsTheNewOnes) {
  rt::Report report;
  report.stack_note = "refused";
  EXPECT_EQ(report.complete(), report.is_complete());
  EXPECT_FALSE(report.complete());
}

}  // namespace
}  // namespace evo::test
