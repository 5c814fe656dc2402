#include "expected.evo.hpp"

namespace golden::all_scalars {

constexpr AllScalars kSome{.a_bool = true, .an_int8 = -1, .a_uint64 = 1U, .a_float64 = 0.5};
static_assert(kSome != AllScalars{});
static_assert(AllScalarsChannel::fields.back().name == "a_float64");

}  // namespace golden::all_scalars
