/// A value of a stream, read where it lies.
#pragma once

#include <utility>

#include "evo/detail/stream_observer.hpp"

namespace evo {

/// A value of a stream, in place. With `overflow: block` the writer leaves it alone until the view
/// ends. With `overwrite` it may overwrite it: whatever was read of the value counts only if
/// `still_valid()` says so afterwards. A value that cannot be shown in place is a copy: a
/// checksummed one, one of an older layout, one of a blocking stream with `access: group`, one that
/// was published before the reader came to it by a seek, and one with a bool that is neither 0 nor
/// 1 in memory, which is true in the copy.
///
/// The view takes the value: the reader's next operation, on a second view too, gives the one after
/// it. Several views may be out; each keeps its value, and the writer of a blocking stream waits
/// for the oldest. View and reader may be moved. After `release()`, and after the reader ended or
/// attached again, a view has no value.
template <class T>
class View : public detail::ShownValue {
 public:
  /// Shows the next value of the observer, which lies there.
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

  /// Whether the value was not overwritten up to now.
  [[nodiscard]] bool still_valid() const noexcept {
    return lender() != nullptr && observer().still_there(sequence_);
  }

  /// Ends the view. What `*` gave must not be used any more.
  void release() noexcept {
    end([](detail::StreamObserver& /*observer*/) {});
  }

  /// Ends the view and gives the value back: it is the next one again. If another value was taken
  /// since, this one counts as lost.
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
