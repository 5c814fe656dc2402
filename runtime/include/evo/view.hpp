/// A value of a stream, read where it lies.
#pragma once

#include <cstdint>
#include <utility>

#include "evo/detail/stream_observer.hpp"

namespace evo {

/// The next value of a stream, in place. With `overflow: block` nobody overwrites it before the
/// view ends: the reader's own cursor stands before it. (A value from before a seek, which nobody
/// kept, is a copy.) With `overwrite` the writer may: whatever was read of the value counts only if
/// `still_valid()` says so afterwards.
///
/// The value is taken when the view ends. The reader must not be moved or destroyed, and takes
/// nothing else, while a view is out.
template <class T>
class View {
 public:
  View(detail::StreamObserver& observer, const T* value) noexcept
      : observer_(&observer),
        value_(value),
        sequence_(observer.next()),
        lost_(observer.take_lost()) {}
  View(View&& other) noexcept
      : observer_(std::exchange(other.observer_, nullptr)),
        value_(other.value_),
        sequence_(other.sequence_),
        lost_(other.lost_) {}
  View& operator=(View&& other) noexcept {
    std::swap(observer_, other.observer_);
    std::swap(value_, other.value_);
    std::swap(sequence_, other.sequence_);
    std::swap(lost_, other.lost_);
    return *this;
  }
  ~View() { release(); }

  const T& operator*() const noexcept { return *value_; }
  const T* operator->() const noexcept { return value_; }

  /// Number of the push, from 1.
  [[nodiscard]] std::uint64_t sequence() const noexcept { return sequence_; }
  /// Values between the one taken before and this one that were overwritten.
  [[nodiscard]] std::uint64_t lost() const noexcept { return lost_; }

  /// Whether the value was not overwritten up to now.
  [[nodiscard]] bool still_valid() const noexcept {
    return observer_ != nullptr && observer_->still_there();
  }

  /// Ends the view: the value is taken. What `*` gives must not be used any more.
  void release() noexcept {
    if (observer_ == nullptr) return;
    observer_->advance();
    std::exchange(observer_, nullptr)->store_cursor();
  }

  /// Ends the view: the value stays the next one.
  void give_back() noexcept { observer_ = nullptr; }

 private:
  detail::StreamObserver* observer_;
  const T* value_;
  std::uint64_t sequence_;
  std::uint64_t lost_;
};

}  // namespace evo
