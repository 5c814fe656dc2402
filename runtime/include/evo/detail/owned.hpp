// SPDX-License-Identifier: Apache-2.0
/// The owner of one object on the heap.
#pragma once

#include <utility>

namespace evo::detail {

/// Like std::unique_ptr, which would make every generated header compile <memory> or <ostream>.
template <class T>
class Owned {
 public:
  Owned() = default;
  explicit Owned(T* object) noexcept : object_(object) {}
  Owned(Owned&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Owned& operator=(Owned&& other) noexcept {
    if (this != &other) reset(std::exchange(other.object_, nullptr));
    return *this;
  }
  ~Owned() { reset(nullptr); }

  [[nodiscard]] T* get() const noexcept { return object_; }
  [[nodiscard]] T& operator*() const noexcept { return *object_; }
  [[nodiscard]] T* operator->() const noexcept { return object_; }
  [[nodiscard]] explicit operator bool() const noexcept { return object_ != nullptr; }

  void reset(T* object) noexcept {
    static_assert(sizeof(T) != 0, "the type must be complete here");
    delete std::exchange(object_, object);
  }

 private:
  T* object_ = nullptr;
};

}  // namespace evo::detail
