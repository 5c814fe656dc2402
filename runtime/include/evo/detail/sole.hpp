/// One end of the protocol that has one holder at a time.
#pragma once

#include <utility>

namespace evo::detail {

/// A value that leaves a default-made one behind when it is moved from. Of a publisher or observer
/// that is one of null pointers: who goes on with an end that was moved away ends there and then,
/// and does not become a second writer of the same slots.
template <class T>
class Sole : public T {
 public:
  using T::T;
  // NOLINTNEXTLINE(google-explicit-constructor): it is that value, held.
  Sole(const T& held) noexcept : T(held) {}
  Sole(Sole&& other) noexcept : T(std::exchange(static_cast<T&>(other), T())) {}
  Sole& operator=(Sole&& other) noexcept {
    static_cast<T&>(*this) = std::exchange(static_cast<T&>(other), T());
    return *this;
  }
  ~Sole() = default;
};

}  // namespace evo::detail
