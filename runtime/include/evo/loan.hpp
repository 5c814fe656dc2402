// SPDX-License-Identifier: Apache-2.0
/// A value that the caller builds in place, in its slot.
#pragma once

#include <utility>

#include "evo/detail/lending.hpp"
#include "evo/detail/owned.hpp"
#include "evo/detail/state_publisher.hpp"
#include "evo/detail/step_hook.hpp"
#include "evo/format/slot.hpp"

namespace evo {

/// The next slot of a segment, in place. It holds an older value (or zeros): fill all of it, then
/// publish. Dropping it without `publish()` has no effect.
///
/// A writer has at most one loan, and publishes nothing else while it is out. A refused loan
/// (Fenced, or LoanOut: another one is out) uses private memory, and its `publish()` returns the
/// reason. Loan and writer may be moved. A loan has no value after `publish()` or after its writer
/// is destroyed; do not use references to the former value any more.
template <class T, class Publisher = detail::StatePublisher>
class Loan : private detail::Borrower {
 public:
  Loan(Publisher& publisher, const SlotGeometry& geometry) : geometry_(&geometry) {
    if (const auto refused = publisher.refusal()) {
      refused_ = *refused;
      private_.reset(new T());
      show(private_.get());
    } else {
      borrow(publisher, publisher.begin(geometry));
      // The caller's plain stores race with readers; the slot's version makes those discard their
      // copies.
      detail::expect_races(memory(), sizeof(T));
    }
  }
  Loan(Loan&&) noexcept = default;
  Loan& operator=(Loan&& other) noexcept {
    if (this == &other) return *this;
    drop();
    Borrower::operator=(std::move(other));
    geometry_ = other.geometry_;
    refused_ = other.refused_;
    private_ = std::move(other.private_);
    return *this;
  }
  ~Loan() { drop(); }

  T& operator*() noexcept { return *static_cast<T*>(memory()); }
  T* operator->() noexcept { return static_cast<T*>(memory()); }

  /// Publishes the value and spends the loan: another `publish()` returns Fenced.
  WriteResult publish() noexcept {
    auto* const publisher = static_cast<Publisher*>(lender());
    give_back();
    private_.reset(nullptr);
    if (publisher != nullptr) return publisher->finish(*geometry_);
    return tl::unexpected(std::exchange(refused_, WriteError::Fenced));
  }

 private:
  void drop() noexcept {
    if (lender() != nullptr) static_cast<Publisher*>(lender())->abandon();
    give_back();
  }

  const SlotGeometry* geometry_;
  WriteError refused_ = WriteError::Fenced;
  detail::Owned<T> private_;  // memory of a refused loan
};

}  // namespace evo
