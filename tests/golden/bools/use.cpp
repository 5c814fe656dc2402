#include "expected.evo.hpp"

namespace golden::bools {

using evo::detail::kHoldsBools;
static_assert(kHoldsBools<Bools> && kHoldsBools<Panel> && kHoldsBools<switches::Switches>);
static_assert(kHoldsBools<std::array<std::array<Panel, 2>, 3>> && kHoldsBools<bool>);
static_assert(!kHoldsBools<NoBools> && !kHoldsBools<switches::Place>);
static_assert(!kHoldsBools<switches::Lock> && !kHoldsBools<std::array<switches::Lock, 2>>);

constexpr int number_of_bools() {
  int number = 0;
  evo::detail::visit_bools(Bools{}, [&](const bool& /*each*/) { ++number; });
  return number;
}
static_assert(number_of_bools() == 2 * 4 + 4 + 1 + 5 + 1);

}  // namespace golden::bools
