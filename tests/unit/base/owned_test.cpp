// SPDX-License-Identifier: Apache-2.0
/// The owner of an object on the heap.
#include "evo/detail/owned.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace evo::test {
namespace {

/// Counts how many of it are alive.
struct Counted {
  explicit Counted(int& number) : alive(number) { ++alive; }
  ~Counted() { --alive; }
  int& alive;
};

using detail::Owned;

TEST(Owned, DestroysItsObjectOnce) {
  int alive = 0;
  {
    Owned<Counted> first(new Counted(alive));
    const Owned<Counted> second(std::move(first));
    EXPECT_FALSE(first);
    EXPECT_EQ(alive, 1);
  }
  EXPECT_EQ(alive, 0);
}

TEST(Owned, AssignmentDestroysTheFormerObject) {
  int former = 0;
  int present = 0;
  Owned<Counted> owner(new Counted(former));
  owner = Owned<Counted>(new Counted(present));
  EXPECT_EQ(former, 0);
  EXPECT_EQ(present, 1);
  owner.reset(nullptr);
  EXPECT_EQ(present, 0);
}

TEST(Owned, SelfAssignmentKeepsTheObject) {
  int alive = 0;
  Owned<Counted> owner(new Counted(alive));
  Owned<Counted>& same = owner;
  owner = std::move(same);
  EXPECT_EQ(alive, 1);
  EXPECT_TRUE(owner);
}

}  // namespace
}  // namespace evo::test
