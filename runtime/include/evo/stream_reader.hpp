// SPDX-License-Identifier: Apache-2.0
/// The typed reader of a `kind: stream` segment. Generated readers derive from it.
///
/// Use a reader from one thread at a time. Taking a value makes no system call and takes no lock.
/// It stores one word to shared memory, the reader's own cursor, and the reader's own counters
/// while a deadline watch is on.
#pragma once

#include <cstring>
#include <iterator>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "evo/channel.hpp"
#include "evo/detail/bools.hpp"
#include "evo/detail/chrono.hpp"
#include "evo/detail/owned.hpp"
#include "evo/field_name.hpp"
#include "evo/format/crc32c.hpp"
#include "evo/item.hpp"
#include "evo/raw_stream_reader.hpp"
#include "evo/view.hpp"

namespace evo {

class WaitSet;

template <class Channel>
class StreamReader {
 public:
  using Value = typename Channel::Value;
  static_assert(Channel::kind == Kind::Stream);
  static_assert(std::is_trivially_copyable_v<Value> && sizeof(Value) == Channel::size);

  /// Takes the next value; nullopt if there is none yet. If the writer of an `overwrite` stream has
  /// overtaken the reader, continues with the oldest value that is left, and the item says how many
  /// were lost. If the writer overtakes every one of the `ReaderOptions::retries` retries of one
  /// call as well, returns nullopt.
  [[nodiscard]] std::optional<Item<Value>> next() noexcept {
    // Every return names `item`, so that it is constructed in the caller's storage; see
    // StateReader::read.
    std::optional<Item<Value>> item(std::in_place, detail::WithoutValue<Item<Value>>());
    if (look(item->value, item->stamp_ns)) [[likely]] {
      detail::StreamObserver& observer = reader_.observer();
      item->sequence = observer.next();
      if (observer.has_lost()) [[unlikely]]
        item->lost = observer.take_lost();
      observer.advance();
      observer.store_cursor();
    } else {
      item.reset();
    }
    return item;
  }

  /// Takes up to `values.size()` consecutive values and returns how many. Stops where values were
  /// lost; those count as lost before the next value, see `lost()`.
  [[nodiscard]] std::size_t next_batch(std::span<Value> values) noexcept {
    detail::StreamObserver& observer = reader_.observer();
    std::size_t count = 0;
    std::uint64_t stamp_ns = 0;
    Sequence expected = 0;
    while (count < values.size() && look(values[count], stamp_ns)) {
      if (count == 0) {
        static_cast<void>(observer.take_lost());
      } else if (observer.next() != expected) {
        break;  // the next call copies this value again
      }
      ++count;
      observer.advance();
      expected = observer.next();
    }
    if (count != 0) observer.store_cursor();
    return count;
  }

  /// Takes the next value in place, without a copy; nullopt if there is none yet. See View for
  /// `overflow: overwrite`. Allocates if a copy is needed and two views already show one.
  [[nodiscard]] std::optional<View<Value>> view() {
    detail::StreamObserver& observer = reader_.observer();
    const bool kept = Channel::overflow == Overflow::Overwrite || observer.is_kept();
    // A process of the group may write the control file, and so the cursor that pins a value in
    // place.
    const bool forgeable = Channel::overflow == Overflow::Block && Channel::access == Access::Group;
    if (forgeable || Channel::checksum != Checksum::None || size_ != sizeof(Value) || !kept) {
      return view_of_copy();
    }
    const std::byte* payload = nullptr;
    if (!observer.look([&](const detail::ReaderSlot& slot) { payload = slot.payload(); })) {
      return std::nullopt;
    }
    const auto* value = reinterpret_cast<const Value*>(payload);
    if (detail::has_strange_bool(*value)) [[unlikely]]
      return view_of_copy();
    return View<Value>(observer, value);
  }

  /// Calls `use(const Value&)` on the next value and takes it; false if there is none yet. If `use`
  /// throws, the value is given back as by View::give_back. With `overflow: block` `use` receives
  /// the value in place (see `view`); with `overwrite` a copy, which no writer changes.
  template <class Use>
  bool with_next(Use&& use) {
    struct Attempt {
      ~Attempt() {
        if (value && !done) value->give_back();
      }
      std::optional<View<Value>> value;
      bool done = false;
    };
    Attempt next{Channel::overflow == Overflow::Block ? view() : view_of_copy()};
    if (!next.value) return false;
    std::forward<Use>(use)(**next.value);
    next.done = true;
    return true;
  }

  /// Moves to the oldest available value, or to the newest; the next `next()` takes it.
  void seek_oldest() noexcept { reader_.seek_oldest(); }
  void seek_latest() noexcept { reader_.seek_latest(); }
  /// Moves to the value with this number. Values that existed and are no longer available count as
  /// lost; if the value is still to come, `next()` returns nothing until then.
  void seek_to(std::uint64_t sequence) noexcept { reader_.seek_to(sequence); }

  /// Blocks until there is a next value (returns true immediately if there is one), the writer
  /// closed or a cleaner found it dead, the segment was recreated, or the timeout passed. Returns
  /// whether there is a next value. A close, death or recreation that ended one wait does not end
  /// the next.
  bool wait_for_next(std::chrono::nanoseconds timeout) noexcept {
    return reader_.wait_for_next(timeout);
  }

  /// The same without sleeping, for a reader with a core of its own: see
  /// RawStateReader::poll_for_change.
  bool poll_for_next(std::chrono::nanoseconds timeout) noexcept {
    return reader_.poll_for_next(timeout);
  }

  /// Number of published values not taken yet.
  [[nodiscard]] std::uint64_t lag() const noexcept { return reader_.lag(); }

  /// Number of values lost since attach, including damaged ones (`checksum: crc32c`).
  [[nodiscard]] std::uint64_t lost() const noexcept { return reader_.lost(); }

  /// Whether no more values will come, because the segment was recreated, its file was emptied, or
  /// this is a forked child: reattach.
  [[nodiscard]] bool is_detached() const noexcept { return reader_.is_detached(); }
  [[nodiscard, deprecated("use is_detached()")]] bool detached() const noexcept {
    return is_detached();
  }

  /// Whether the writer is alive; two system calls.
  [[nodiscard]] WriterState writer_state() const noexcept { return reader_.writer_state(); }

  /// Attaches again after `is_detached()`, or after the segment was closed and created again; waits
  /// up to `wait` for the segment. On an error nothing changes.
  [[nodiscard]] Result<void> reattach(std::chrono::nanoseconds wait = std::chrono::nanoseconds(0)) {
    auto attached = reader_.reattach(wait);
    if (attached) size_ = common_size();
    return attached;
  }

  /// Whether the segment has this top-level field. The segment of an older writer may lack the
  /// newest fields, which then read as zero.
  [[nodiscard]] bool has(FieldName<Channel> field) const noexcept {
    return field.index < reader_.field_count();
  }

  /// Which of the ReaderOptions::memory requests were granted.
  [[nodiscard]] const MemoryReport& memory() const noexcept { return reader_.memory(); }

  /// `for (const auto& item : reader)` takes all available values.
  class Iterator {
   public:
    using value_type = Item<Value>;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::input_iterator_tag;

    explicit Iterator(StreamReader& reader) : reader_(&reader), item_(reader.next()) {}
    const Item<Value>& operator*() const noexcept { return *item_; }
    const Item<Value>* operator->() const noexcept { return &*item_; }
    Iterator& operator++() {
      item_ = reader_->next();
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t /*end*/) const noexcept { return !item_; }

   private:
    StreamReader* reader_;
    std::optional<Item<Value>> item_;
  };
  [[nodiscard]] Iterator begin() { return Iterator(*this); }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

 protected:
  explicit StreamReader(RawStreamReader reader) : reader_(std::move(reader)), size_(common_size()) {
    // `view = reader.view()` needs a second copy before it releases the first.
    copies_.emplace_back(new Value());
    copies_.emplace_back(new Value());
  }

  template <class Reader>
  static Result<Reader> attach_as(ReaderOptions options) {
    auto reader = RawStreamReader::attach(describe<Channel>(), std::move(options));
    if (!reader) return tl::unexpected(std::move(reader.error()));
    return Reader(std::move(*reader));
  }

 private:
  friend class WaitSet;

  /// Copies the next value out without taking it. Skips damaged values.
  [[gnu::always_inline]] bool look(Value& value, std::uint64_t& stamp_ns) noexcept {
    std::uint32_t stored_crc = 0;
    std::uint32_t found_crc = 0;
    while (reader_.observer().look([&](const detail::ReaderSlot& slot) {
      if (size_ == sizeof(Value)) [[likely]] {
        // The size is a constant, so the compiler unrolls the copy.
        detail::copy_from_shared<sizeof(Value)>(&value, slot.payload());
      } else {
        detail::copy_from_shared(&value, slot.payload(), size_);
      }
      if constexpr (Channel::stamp == Stamp::Monotonic) stamp_ns = slot.stamp_ns();
      if constexpr (Channel::checksum == Checksum::Crc32c) {
        stored_crc = slot.checksum();
        found_crc = crc32c_of_shared(slot.payload(), reader_.size());
      }
    })) {
      if (found_crc == stored_crc) [[likely]] {
        if (size_ != sizeof(Value)) [[unlikely]] {
          std::memset(reinterpret_cast<std::byte*>(&value) + size_, 0, sizeof(Value) - size_);
        }
        detail::settle_bools(value);
        return true;
      }
      reader_.observer().skip();
    }
    return false;
  }

  [[nodiscard]] std::optional<View<Value>> view_of_copy() {
    Value& copy = unused_copy();
    std::uint64_t stamp_ns = 0;
    if (!look(copy, stamp_ns)) return std::nullopt;
    return View<Value>(reader_.observer(), &copy);
  }

  /// A copy that no view shows.
  [[nodiscard]] Value& unused_copy() {
    for (const auto& copy : copies_) {
      if (!reader_.observer().shows(copy.get())) return *copy;
    }
    return *copies_.emplace_back(new Value());
  }

  [[nodiscard]] std::size_t common_size() const noexcept {
    return reader_.size() < sizeof(Value) ? reader_.size() : sizeof(Value);
  }

  RawStreamReader reader_;
  std::size_t size_;  // payload bytes common to the segment's layout and the reader's
  // The copies that views show. Two are allocated at attach, so that the data path need not.
  std::vector<detail::Owned<Value>> copies_;
};

}  // namespace evo
