#include "expected.evo.hpp"

namespace golden::enums {

static_assert(static_cast<std::int64_t>(Long::Lowest) == INT64_MIN);
static_assert(static_cast<std::uint64_t>(ULong::Highest) == UINT64_MAX);
static_assert(to_string(Byte::Lowest) == "Lowest");
static_assert(to_string(static_cast<Byte>(5)) == "?");

}  // namespace golden::enums
