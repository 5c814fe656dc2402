/// The typed reader of a `kind: stream` segment. Generated readers derive from it.
///
/// A reader belongs to one thread at a time. Taking a value makes no system call, takes no lock,
/// and stores one word: the reader's own cursor.
#pragma once

#include <chrono>
#include <cstring>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "evo/channel.hpp"
#include "evo/detail/bools.hpp"
#include "evo/detail/crc32c.hpp"
#include "evo/field_name.hpp"
#include "evo/item.hpp"
#include "evo/stream_segment_reader.hpp"
#include "evo/view.hpp"

namespace evo {

template <class Channel>
class StreamReader {
 public:
  using Value = typename Channel::Value;
  static_assert(Channel::kind == Kind::Stream);
  static_assert(std::is_trivially_copyable_v<Value> && sizeof(Value) == Channel::size);

  /// Takes the next value; nothing if there is none yet. Overtaken by the writer of an
  /// `overwrite` stream, it goes on with the oldest value that is left, and the item says how
  /// many were lost; overtaken `ReaderOptions::retries` times in one call, it gives nothing.
  [[nodiscard]] std::optional<Item<Value>> next() noexcept {
    // Every return names `item`, so that it is made in the caller's place; see StateReader::read.
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

  /// Takes up to so many values that follow each other, and returns how many. It stops where
  /// values were lost; those count as lost before the next one, see `lost()`.
  [[nodiscard]] std::size_t next_batch(std::span<Value> values) noexcept {
    detail::StreamObserver& observer = reader_.observer();
    std::size_t count = 0;
    std::uint64_t stamp_ns = 0;
    Sequence expected = 0;
    while (count < values.size() && look(values[count], stamp_ns)) {
      if (count == 0) {
        static_cast<void>(observer.take_lost());
      } else if (observer.next() != expected) {
        break;  // what was copied comes again
      }
      ++count;
      observer.advance();
      expected = observer.next();
    }
    if (count != 0) observer.store_cursor();
    return count;
  }

  /// Takes the next value where it lies, without a copy; nothing if there is none yet. See View
  /// about `overflow: overwrite`. Allocates where a copy is needed and two views already show one.
  [[nodiscard]] std::optional<View<Value>> view() {
    detail::StreamObserver& observer = reader_.observer();
    const bool kept = Channel::overflow == Overflow::Overwrite || observer.is_kept();
    // The group may write the control file, and so the cursor that keeps a value in place.
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
  /// throws, the value is given back as by View::give_back. In place with `overflow: block`; with
  /// `overwrite` on a copy, which no writer changes in the meantime.
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

  /// Goes to the oldest value there is, or to the newest; the next `next()` takes it.
  void seek_oldest() noexcept { reader_.seek_oldest(); }
  void seek_latest() noexcept { reader_.seek_latest(); }
  /// Goes to the value with this number. Values that were there and are not any more count as
  /// lost; one that is still to come is waited for.
  void seek_to(std::uint64_t sequence) noexcept { reader_.seek_to(sequence); }

  /// Sleeps until there is a next value (returns true at once if so), the writer closed, the
  /// segment was made anew, or the time has passed; returns whether there is one. An end that
  /// ended one wait does not end the next one.
  bool wait_for_next(std::chrono::nanoseconds timeout) noexcept {
    return reader_.wait_for_next(timeout);
  }

  /// Published values that were not taken yet.
  [[nodiscard]] std::uint64_t lag() const noexcept { return reader_.lag(); }

  /// Values lost since it attached, damaged ones (`checksum: crc32c`) among them.
  [[nodiscard]] std::uint64_t lost() const noexcept { return reader_.lost(); }

  /// Whether nothing will come any more, because the segment was recreated, its file was emptied,
  /// or this is a forked child: reattach.
  [[nodiscard]] bool detached() const noexcept { return reader_.detached(); }

  /// Whether the writer lives; two system calls.
  [[nodiscard]] WriterState writer_state() const noexcept { return reader_.writer_state(); }

  /// Attaches anew after `detached()`, or after the segment was closed and created again; waits
  /// as long for it as asked. After an error everything is as before.
  [[nodiscard]] Result<void> reattach(std::chrono::nanoseconds wait = std::chrono::nanoseconds(0)) {
    auto attached = reader_.reattach(wait);
    if (attached) size_ = common_size();
    return attached;
  }

  /// Whether the segment has this top-level field; an older writer's may lack the newest,
  /// which then read zero.
  [[nodiscard]] bool has(FieldName<Channel> field) const noexcept {
    return field.index < reader_.field_count();
  }

  /// What was obtained of ReaderOptions::memory.
  [[nodiscard]] const MemoryReport& memory() const noexcept { return reader_.memory(); }

  /// `for (const auto& item : reader)` takes all values that are there.
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
  explicit StreamReader(StreamSegmentReader reader)
      : reader_(std::move(reader)), size_(common_size()) {
    // `view = reader.view()` needs a second one before it ends the first.
    copies_.push_back(std::make_unique<Value>());
    copies_.push_back(std::make_unique<Value>());
  }

  template <class Reader>
  static Result<Reader> attach_as(ReaderOptions options) {
    auto reader = StreamSegmentReader::attach(describe<Channel>(), std::move(options));
    if (!reader) return tl::unexpected(std::move(reader.error()));
    return Reader(std::move(*reader));
  }

 private:
  /// Copies the next value out and leaves it the next one.
  [[gnu::always_inline]] bool look(Value& value, std::uint64_t& stamp_ns) noexcept {
    std::uint32_t stored_crc = 0;
    std::uint32_t found_crc = 0;
    while (reader_.observer().look([&](const detail::ReaderSlot& slot) {
      if (size_ == sizeof(Value)) [[likely]] {
        // A constant size, which the compiler unrolls.
        detail::copy_from_shared<sizeof(Value)>(&value, slot.payload());
      } else {
        detail::copy_from_shared(&value, slot.payload(), size_);
      }
      if constexpr (Channel::stamp == Stamp::Monotonic) stamp_ns = slot.stamp_ns();
      if constexpr (Channel::checksum == Checksum::Crc32c) {
        stored_crc = slot.checksum();
        found_crc = detail::crc32c_of_shared(slot.payload(), reader_.size());
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

  /// Memory that no view shows.
  [[nodiscard]] Value& unused_copy() {
    for (const auto& copy : copies_) {
      if (!reader_.observer().shows(copy.get())) return *copy;
    }
    return *copies_.emplace_back(std::make_unique<Value>());
  }

  [[nodiscard]] std::size_t common_size() const noexcept {
    return reader_.size() < sizeof(Value) ? reader_.size() : sizeof(Value);
  }

  StreamSegmentReader reader_;
  std::size_t size_;  // bytes that segment and reader have in common
  // What views of copies show. The first two are made at attach: the data path allocates nothing.
  std::vector<std::unique_ptr<Value>> copies_;
};

}  // namespace evo
