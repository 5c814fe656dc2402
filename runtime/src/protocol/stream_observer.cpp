// SPDX-License-Identifier: Apache-2.0
#include "evo/detail/stream_observer.hpp"

#include <algorithm>

namespace evo::detail {

void StreamObserver::attach() noexcept {
  // relaxed: the cursor's release store publishes it.
  entry_->generation.store(generation_, std::memory_order_relaxed);
  kept_from_ = move_cursor(newest());
  position(kept_from_);
  store_cursor();
}

Sequence StreamObserver::move_cursor(Sequence n) noexcept {
  position(n);
  store_cursor();
  // seq_cst fence [cursor-new]: pairs with the writer's fence before it reads the cursors. If such
  // a read misses our cursor, it came before this fence; then the load below sees every publish
  // before that read, and the newest of them is safe until the writer's next read of the cursors.
  sync::atomic_thread_fence(std::memory_order_seq_cst);
  return newest();
}

void StreamObserver::seek(Sequence n) noexcept {
  // Values that were kept so far stay kept: each time, the writer sees the former cursor or this
  // one.
  const Sequence kept = geometry_.is_after(next_, kept_from_) ? next_ : kept_from_;
  const Sequence last = move_cursor(n);
  kept_from_ = geometry_.is_after(last, kept) ? kept : last;
}

void StreamObserver::seek_to(Sequence n) noexcept {
  // No value will ever have this number. As far as this reader can tell, the next value is meant.
  if (n >= geometry_.sequence_limit()) n = geometry_.after(newest(), 1);
  seek(n == 0 ? 1 : n);
}

void StreamObserver::seek_oldest() noexcept {
  const Sequence last = latest();
  const std::uint64_t capacity = geometry_.count - 1;
  seek(last >= capacity || has_publish_0() ? geometry_.before(last, capacity - 1) : 1);
}

Sequence StreamObserver::newest() const noexcept {
  const Sequence last = latest();
  return last == 0 && !has_publish_0() ? 1 : last;
}

bool StreamObserver::catch_up(std::uint32_t attempt) noexcept {
  const bool again = attempt < retries_;
  const std::uint64_t version = slot().version();
  if (version == complete_version(next_)) return again;  // it was just published
  const Sequence held = version / 2 + version % 2;
  const bool filled = version != kNeverFilled;
  // The slot still has an older value, or is being filled with the next one. The header is not
  // read: the writer would have to fetch its cache line back for each push.
  if (filled && !geometry_.is_after(held, next_)) return false;
  // Read after the slot: when the slot was read, it may not yet have held the value that the header
  // names now.
  const Sequence last = latest();
  const std::uint64_t capacity = geometry_.count - 1;
  if (filled) {
    // Overwritten. In a batch, the slots are ahead of the header by up to the capacity.
    const Sequence known = version % 2 == 0 ? held : geometry_.before(held, 1);
    const bool ahead = geometry_.is_after(known, last);
    if (ahead && geometry_.distance(last, known) > capacity) return false;  // damaged
    jump(ahead ? known : last, attempt);
    return again;
  }
  if (!geometry_.is_after(geometry_.after(last, 1), next_)) return false;  // still to come
  // Otherwise it was published between the two loads. But if the slot is still marked as never
  // filled after the second load, it is being filled with publish 0, whose mark is the same.
  if (geometry_.distance(next_, last) > capacity || slot().never_filled()) jump(last, attempt);
  return again;
}

void StreamObserver::jump(Sequence last, std::uint32_t attempt) noexcept {
  const std::uint64_t capacity = geometry_.count - 1;
  // A reader that is overtaken repeatedly leaves the writer more and more of the ring.
  const std::uint64_t margin =
      attempt == 0 ? 0 : std::min(capacity - 1, std::uint64_t{1} << std::min(attempt, 32U));
  Sequence to = geometry_.before(last, capacity - 1 - margin);
  // I3: with a margin, it would skip values that the writer keeps for it.
  if (overflow_ == Overflow::Block && geometry_.is_after(to, kept_from_)) to = kept_from_;
  if (!geometry_.is_after(to, next_)) to = geometry_.after(next_, 1);
  count_lost(geometry_.distance(next_, to));
  position(to);
  store_cursor();
}

Sequence StreamObserver::oldest_in_use() const noexcept {
  Sequence oldest = next_;
  for (const Borrower* view = newest_lent(); view != nullptr; view = view->older()) {
    const Sequence shown = static_cast<const ShownValue*>(view)->sequence();
    if (geometry_.is_after(oldest, shown)) oldest = shown;
  }
  return oldest;
}

bool StreamObserver::shows(const void* memory) const noexcept {
  for (const Borrower* view = newest_lent(); view != nullptr; view = view->older()) {
    if (view->memory() == memory) return true;
  }
  return false;
}

void StreamObserver::put_back(const ShownValue& value) noexcept {
  if (next_ == geometry_.after(value.sequence(), 1)) {
    position(value.sequence());
    lost_since_ += value.lost();
  } else if (geometry_.is_after(next_, value.sequence())) {
    count_lost(1);
  }
}

}  // namespace evo::detail
