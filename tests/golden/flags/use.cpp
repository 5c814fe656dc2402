#include "expected.evo.hpp"

namespace golden::flags {

constexpr Known kTwo = Known::Position | Known::Torque;
static_assert(static_cast<int>(kTwo) == 0x81);
static_assert(contains(kTwo, Known::Torque) && !contains(kTwo, Known::Speed));
static_assert((kTwo & Known::Torque) == Known::Torque);
static_assert(to_string(kTwo) == "?" && to_string(Known::Speed) == "Speed");
static_assert(static_cast<std::uint64_t>(Wide::Last) == std::uint64_t{1} << 63);

}  // namespace golden::flags
