// SPDX-License-Identifier: Apache-2.0
/// A value of a stream, read in place.
#pragma once

#include <utility>

#include "evo/detail/stream_observer.hpp"

namespace evo {

/// A value of a stream, in place. With `overflow: block` the writer does not touch it until the
/// view ends. With `overwrite` the writer may overwrite it: data read from the value counts only if
/// `still_valid()` returns true afterwards. A value that cannot be shown in place is a copy: one
/// with a checksum, one of an older layout, one of a blocking stream with `access: group`, one that
/// was published before the reader moved to it by a seek, and one with a bool that is neither 0 nor
/// 1 in memory, which is true in the copy.
///
/// The view takes the value: the reader's next operation, including a second view, returns the
/// value after it. Several views may be out at the same time; each keeps its value, and the writer
/// of a blocking stream waits for the oldest. View and reader may be moved. After `release()`, and
/// after the reader is destroyed or attaches again, a view has no value.
template <class T>
class View : public detail::ShownValue {
 public:
  /// Shows the observer's next value, which is at `value`.
  View(detail::StreamObserver& observer, const T* value) noexcept {
    sequence_ = observer.next();
    lost_ = observer.take_lost();
    borrow(observer, const_cast<T*>(value));
    observer.advance();
  }
  View(View&&) noexcept = default;
  View& operator=(View&& other) noexcept {
    if (this == &other) return *this;
    release();
    ShownValue::operator=(std::move(other));
    return *this;
  }
  ~View() { release(); }

  const T& operator*() const noexcept { return *static_cast<const T*>(memory()); }
  const T* operator->() const noexcept { return static_cast<const T*>(memory()); }

  /// Whether the value has not been overwritten so far.
  [[nodiscard]] bool still_valid() const noexcept {
    return lender() != nullptr && observer().still_there(sequence_);
  }

  /// Ends the view. References obtained from `*` must not be used any more.
  void release() noexcept {
    end([](detail::StreamObserver& /*observer*/) {});
  }

  /// Ends the view and gives the value back, so that it is the next one again. If another value has
  /// been taken since, this one counts as lost.
  void give_back() noexcept {
    end([this](detail::StreamObserver& observer) { observer.put_back(*this); });
  }

 private:
  [[nodiscard]] detail::StreamObserver& observer() const noexcept {
    return *static_cast<detail::StreamObserver*>(lender());
  }

  template <class Settle>
  void end(Settle&& settle) noexcept {
    if (lender() == nullptr) return;
    detail::StreamObserver& reader = observer();
    settle(reader);
    Borrower::give_back();
    reader.store_cursor();
  }
};

}  // namespace evo
