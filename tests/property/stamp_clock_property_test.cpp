// SPDX-License-Identifier: Apache-2.0
/// The invariants of stamps, with a counter that runs and jumps at random alongside a sane clock.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "evo/detail/stamp_clock.hpp"

namespace evo::test {
namespace {

using detail::StampClock;

/// A counter of any rate that jumps; each look finds it slightly off.
class CountingMachine {
 public:
  void pass(std::uint64_t ns) {
    now_ns_ += ns;
    counter_ += ns * ticks_per_us_ / 1000;
  }

  /// Only one jump until the rate is known again: two in a row may by chance agree on a rate.
  void jump(std::int64_t ticks) {
    if (unsettled_) return;
    counter_ += static_cast<std::uint64_t>(ticks);
    jumped_ = true;
    unsettled_ = true;
  }

  void stamp(std::uint64_t look_error) {
    // A jump that ends inside the span being extrapolated is the only one that goes unnoticed.
    while (jumped_ && clock_.covers(counter_)) counter_ += 1'000'000'000;
    jumped_ = false;
    const bool covered = clock_.covers(counter_);
    const std::uint64_t stamp =
        covered ? clock_.at(counter_) : clock_.take_look(counter_ + look_error, now_ns_);
    RC_ASSERT(stamp >= last_);
    RC_ASSERT(stamp <= now_ns_ + StampClock::kMostAheadNs);
    RC_ASSERT(stamp + StampClock::kMostAheadNs >= now_ns_);
    last_ = stamp;
    if (clock_.extrapolates()) unsettled_ = false;
    if (!covered) pass(500);  // a look takes time
  }

  void fail_to_look() {
    if (clock_.covers(counter_)) return;
    const std::uint64_t stamp = clock_.take_clock_only(now_ns_);
    RC_ASSERT(stamp >= last_);
    RC_ASSERT(stamp <= now_ns_ + StampClock::kMostAheadNs);
    last_ = stamp;
  }

  [[nodiscard]] bool extrapolates() const { return clock_.extrapolates(); }

 private:
  StampClock clock_;
  std::uint64_t ticks_per_us_ = *rc::gen::inRange<std::uint64_t>(1000, 6000);
  std::uint64_t counter_ = std::uint64_t{1} << 50U;
  std::uint64_t now_ns_ = *rc::gen::inRange<std::uint64_t>(1, 1'000'000'000'000);
  std::uint64_t last_ = 0;
  bool jumped_ = false;
  bool unsettled_ = false;
};

RC_GTEST_PROP(StampClock, NeverGoesBackNorFarAheadWhateverTheCounterDoes, ()) {
  CountingMachine machine;
  bool extrapolated = false;
  const int steps = *rc::gen::inRange(0, 400);
  const std::uint64_t usual_ns = *rc::gen::element<std::uint64_t>(50, 20'000, 300'000, 1'000'000);
  for (int i = 0; i < steps; ++i) {
    switch (*rc::gen::weightedElement<int>({{20, 0}, {2, 1}, {1, 2}, {1, 3}})) {
      case 0:
        machine.pass(usual_ns + *rc::gen::inRange<std::uint64_t>(0, usual_ns));
        break;
      case 1:
        machine.pass(*rc::gen::inRange<std::uint64_t>(0, 200'000'000));
        break;
      case 2:
        machine.jump(*rc::gen::inRange<std::int64_t>(-20'000'000'000, 20'000'000'000));
        break;
      case 3:
        machine.jump(*rc::gen::inRange<std::int64_t>(-5'000'000, 5'000'000));
        machine.fail_to_look();
        break;
    }
    machine.stamp(*rc::gen::inRange<std::uint64_t>(0, 200));
    extrapolated |= machine.extrapolates();
  }
  RC_CLASSIFY(extrapolated);
}

}  // namespace
}  // namespace evo::test
