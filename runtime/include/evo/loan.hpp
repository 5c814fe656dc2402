/// A value that is built in its slot.
#pragma once

#include <cstddef>
#include <memory>

#include "evo/detail/copy.hpp"
#include "evo/detail/state_publisher.hpp"
#include "evo/slot.hpp"

namespace evo {

/// The next slot of a segment, in place. It holds an older value (or zeros): fill all of
/// it, then publish. Dropped without `publish()`: nothing happened.
///
/// The writer must not be moved or destroyed while a loan is out. Another publish by the
/// same writer voids the loan: its own publish then returns WriteError::Fenced.
template <class T, class Publisher = detail::StatePublisher>
class Loan {
 public:
  Loan(Publisher& publisher, const SlotGeometry& geometry)
      : publisher_(&publisher), geometry_(&geometry), after_(publisher.sequence()) {
    // Fenced off, the slot is the successor's: the loan goes nowhere.
    const bool fenced = publisher.fenced();
    std::byte* payload = fenced ? nullptr : publisher.begin(geometry);
    if (detail::kWordwiseCopy || fenced) {
      // Sanitizers take a plain store beside a reader's atomic load for a data race,
      // although the slot's version discards what that reader got.
      local_ = std::make_unique<T>();
      shared_ = payload;
      value_ = local_.get();
    } else {
      value_ = reinterpret_cast<T*>(payload);
    }
  }
  Loan(Loan&&) noexcept = default;
  Loan& operator=(Loan&&) noexcept = default;

  T& operator*() noexcept { return *value_; }
  T* operator->() noexcept { return value_; }

  /// Publishes the value. The loan is spent afterwards.
  WriteResult publish() noexcept {
    if (shared_ != nullptr && publisher_->sequence() == after_) {
      detail::copy_to_shared<sizeof(T)>(shared_, local_.get());
    }
    return publisher_->finish(*geometry_, after_);
  }

 private:
  Publisher* publisher_;
  const SlotGeometry* geometry_;
  Sequence after_;
  T* value_ = nullptr;
  std::byte* shared_ = nullptr;  // where `local_` goes at last, if it does
  std::unique_ptr<T> local_;
};

}  // namespace evo
