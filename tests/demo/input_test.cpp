// SPDX-License-Identifier: Apache-2.0
/// What a module of the cell does with values that it must not use.
#include "common/input.hpp"

#include <gtest/gtest.h>

#include <phys_input_io.evo.hpp>

#include "temporary_domain.hpp"

namespace evo::machine {
namespace {

using cell::hal::PhysInputIo;
using cell::hal::PhysInputIoReader;
using cell::hal::PhysInputIoWriter;

class Inputs : public testing::Test {
 protected:
  [[nodiscard]] std::string event_of(std::size_t line) const {
    return parse_log_line(lines_.at(line)).at("event");
  }

  /// Polls like a cyclic module, and counts the log lines that this produces.
  std::size_t lines_of_cycles(int cycles) {
    const std::size_t before = lines_.size();
    for (int i = 0; i < cycles; ++i) input_.poll();
    return lines_.size() - before;
  }

  static PhysInputIo sealed(std::uint64_t cycle) {
    PhysInputIo value{};
    value.cycle = cycle;
    seal(value);
    return value;
  }

  test::TemporaryDomain directory_;
  std::vector<std::string> lines_;
  Log log_{"module", lines_};
  Input<PhysInputIoReader> input_{log_, directory_.domain()};
};

TEST_F(Inputs, AnInconsistentValueIsOneLineHoweverOftenItIsRead) {
  auto writer = PhysInputIoWriter::create({.domain = directory_.domain()}).value();
  writer.write(sealed(1));
  input_.poll();
  ASSERT_TRUE(input_.fresh());
  const std::size_t before = lines_.size();
  PhysInputIo changed_by_hand = sealed(1);
  changed_by_hand.cycle = 500;
  writer.write(changed_by_hand);
  EXPECT_EQ(lines_of_cycles(1000), 1U);
  EXPECT_EQ(event_of(before), "inconsistent_value");
  EXPECT_EQ(input_.statistics().torn, 1U) << "all reads are of one publish";
  EXPECT_EQ(input_.value().cycle, 1U) << "the last good value stays";
  writer.write(sealed(2));
  input_.poll();
  EXPECT_EQ(input_.value().cycle, 2U);
}

TEST_F(Inputs, ManyOfThemAreOneLineASecondAndAllAreCounted) {
  auto writer = PhysInputIoWriter::create({.domain = directory_.domain()}).value();
  writer.write(sealed(1));
  input_.poll();
  PhysInputIo unsealed{};
  std::size_t lines = 0;
  for (std::uint64_t n = 1; n <= 100; ++n) {
    unsealed.cycle = n;
    writer.write(unsealed);
    lines += lines_of_cycles(1);
  }
  EXPECT_LT(lines, 100U);
  EXPECT_EQ(input_.statistics().torn, 100U);
}

}  // namespace
}  // namespace evo::machine
