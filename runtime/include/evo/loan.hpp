/// A value that is built in its slot.
#pragma once

#include <memory>
#include <utility>

#include "evo/detail/lending.hpp"
#include "evo/detail/state_publisher.hpp"
#include "evo/detail/step_hook.hpp"
#include "evo/slot.hpp"

namespace evo {

/// The next slot of a segment, in place. It holds an older value (or zeros): fill all of
/// it, then publish. Dropped without `publish()`: nothing happened.
///
/// A writer has one loan at a time, and publishes nothing else while it is out. A loan that is
/// refused (Fenced, or LoanOut: another one is out) has private memory, and its `publish()` returns
/// the reason. Loan and writer may be moved. A loan has no value after `publish()` or after the end
/// of its writer; a reference to the former value must not be used any more.
template <class T, class Publisher = detail::StatePublisher>
class Loan : private detail::Borrower {
 public:
  Loan(Publisher& publisher, const SlotGeometry& geometry) : geometry_(&geometry) {
    if (const auto refused = publisher.refusal()) {
      refused_ = *refused;
      private_ = std::make_unique<T>();
      show(private_.get());
    } else {
      borrow(publisher, publisher.begin(geometry));
      // The caller's plain stores race with readers, whose copies the slot's version discards.
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

  /// Publishes the value. The loan is spent afterwards: another `publish()` returns Fenced.
  WriteResult publish() noexcept {
    auto* const publisher = static_cast<Publisher*>(lender());
    give_back();
    private_.reset();
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
  std::unique_ptr<T> private_;  // of a loan that was refused
};

}  // namespace evo
