// SPDX-License-Identifier: Apache-2.0
/// One endpoint of the protocol, which has one holder at a time.
#pragma once

#include <utility>

namespace evo::detail {

/// A value that becomes a default-constructed one when it is moved from. A moved-from publisher or
/// observer holds only null pointers: using it crashes immediately, and does not make it a second
/// writer of the same slots.
template <class T>
class MovedFromEmpty : public T {
 public:
  using T::T;
  // NOLINTNEXTLINE(google-explicit-constructor): it stands for that value.
  MovedFromEmpty(const T& held) noexcept : T(held) {}
  MovedFromEmpty(MovedFromEmpty&& other) noexcept : T(std::exchange(static_cast<T&>(other), T())) {}
  MovedFromEmpty& operator=(MovedFromEmpty&& other) noexcept {
    static_cast<T&>(*this) = std::exchange(static_cast<T&>(other), T());
    return *this;
  }
  ~MovedFromEmpty() = default;
};

}  // namespace evo::detail
