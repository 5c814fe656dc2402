// SPDX-License-Identifier: Apache-2.0
/// A reader's membership of a wait set.
#pragma once

namespace evo::detail {

struct WaitPlace;
struct WaitSetState;

/// The base of what can be in a wait set. The set follows it when it is moved, and forgets it when
/// it is destroyed. Assigning an object that is in no set leaves the target in its set, so a token
/// survives a reattach.
class WaitMember {
 protected:
  WaitMember() = default;
  WaitMember(WaitMember&& other) noexcept {
    if (other.place_ != nullptr) [[unlikely]]
      take_place_of(other);
  }
  WaitMember& operator=(WaitMember&& other) noexcept {
    if (other.place_ != nullptr && this != &other) [[unlikely]]
      take_place_of(other);
    return *this;
  }
  ~WaitMember() {
    if (place_ != nullptr) [[unlikely]]
      leave();
  }

 private:
  friend struct WaitSetState;

  void take_place_of(WaitMember& other) noexcept;
  void leave() noexcept;

  WaitPlace* place_ = nullptr;
};

}  // namespace evo::detail
