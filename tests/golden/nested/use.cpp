#include "expected.evo.hpp"

namespace golden::nested {

constexpr Nested kSome{.path = {.from = {.x = 1.0}, .valid = true}, .last = true};
static_assert(kSome.path.from != kSome.path.to);
static_assert(kSome == Nested{kSome});

}  // namespace golden::nested
