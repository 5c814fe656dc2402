// SPDX-License-Identifier: Apache-2.0
/// Links an endpoint and the views or loans that it has handed out.
///
/// A view or loan refers to its endpoint, and both are movable. The link follows either of them
/// when it moves. An endpoint that is destroyed, or attaches to another segment, leaves its
/// borrowers without memory: using one afterwards dereferences a null pointer, and never touches a
/// stray slot.
///
/// Use an endpoint and its borrowers from one thread at a time.
#pragma once

#include <cassert>
#include <utility>

namespace evo::detail {

class Borrower;

/// Base class of an endpoint that hands out views or loans.
class Lender {
 public:
  Lender() = default;
  /// A copy has lent nothing.
  Lender(const Lender& /*other*/) noexcept {}
  Lender(Lender&& other) noexcept { adopt(other); }
  Lender& operator=(const Lender&) = delete;
  Lender& operator=(Lender&& other) noexcept;
  ~Lender() { abandon_all(); }

  [[nodiscard]] bool has_lent() const noexcept { return newest_ != nullptr; }

 protected:
  /// The borrower that was added last; `Borrower::older()` leads to the others.
  [[nodiscard]] const Borrower* newest_lent() const noexcept { return newest_; }

 private:
  friend class Borrower;

  void adopt(Lender& other) noexcept;
  void abandon_all() noexcept;

  Borrower* newest_ = nullptr;
};

// If a borrower's whole lifetime is inlined, g++ warns that borrow() stores the address of a local
// variable. It does not see that give_back() removes it.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpragmas"  // g++ 11 does not know the next one
#pragma GCC diagnostic ignored "-Wdangling-pointer"
#endif

/// Base class of a view or loan.
class Borrower {
 public:
  Borrower(const Borrower&) = delete;
  Borrower& operator=(const Borrower&) = delete;

  /// The borrower that the same endpoint handed out before this one; nullptr if there is none.
  [[nodiscard]] const Borrower* older() const noexcept { return older_; }

  /// The memory that it shows; nullptr once it is returned.
  [[nodiscard]] void* memory() const noexcept { return memory_; }

 protected:
  /// Shows nothing yet.
  Borrower() = default;
  Borrower(Borrower&& other) noexcept { take_over(other); }
  /// `other` must not be this object.
  Borrower& operator=(Borrower&& other) noexcept {
    give_back();
    take_over(other);
    return *this;
  }
  ~Borrower() { give_back(); }

  /// Shows memory of the endpoint. Called once.
  void borrow(Lender& lender, void* memory) noexcept {
    assert(lender_ == nullptr && memory_ == nullptr);
    lender_ = &lender;
    memory_ = memory;
    older_ = lender.newest_;
    lender.newest_ = this;
    if (older_ != nullptr) older_->newer_ = this;
  }

  /// Shows memory that no endpoint has lent.
  void show(void* memory) noexcept { memory_ = memory; }

  /// nullptr if no endpoint has lent the memory, or if the endpoint no longer lends it.
  [[nodiscard]] Lender* lender() const noexcept { return lender_; }

  /// Unlinks it; it has no memory afterwards.
  void give_back() noexcept {
    memory_ = nullptr;
    if (lender_ == nullptr) return;
    (newer_ != nullptr ? newer_->older_ : lender_->newest_) = older_;
    if (older_ != nullptr) older_->newer_ = newer_;
    lender_ = nullptr;
    older_ = newer_ = nullptr;
  }

 private:
  friend class Lender;

  void take_over(Borrower& other) noexcept {
    lender_ = std::exchange(other.lender_, nullptr);
    older_ = std::exchange(other.older_, nullptr);
    newer_ = std::exchange(other.newer_, nullptr);
    memory_ = std::exchange(other.memory_, nullptr);
    if (lender_ == nullptr) return;
    (newer_ != nullptr ? newer_->older_ : lender_->newest_) = this;
    if (older_ != nullptr) older_->newer_ = this;
  }

  Lender* lender_ = nullptr;
  Borrower* older_ = nullptr;
  Borrower* newer_ = nullptr;
  void* memory_ = nullptr;
};

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

inline Lender& Lender::operator=(Lender&& other) noexcept {
  if (this != &other) {
    abandon_all();
    adopt(other);
  }
  return *this;
}

inline void Lender::adopt(Lender& other) noexcept {
  newest_ = std::exchange(other.newest_, nullptr);
  for (Borrower* each = newest_; each != nullptr; each = each->older_) each->lender_ = this;
}

inline void Lender::abandon_all() noexcept {
  while (newest_ != nullptr) newest_->give_back();
}

}  // namespace evo::detail
