/// The typed writer of a `kind: stream` segment. Generated writers derive from it.
///
/// A writer belongs to one thread at a time. With `overflow: overwrite` a push is wait-free; with
/// `block` it waits for readers as long as the caller allows. No allocation, no lock.
#pragma once

#include <chrono>
#include <span>
#include <type_traits>
#include <utility>

#include "evo/channel.hpp"
#include "evo/loan.hpp"
#include "evo/stream_segment_writer.hpp"

namespace evo {

template <class Channel>
class StreamWriter {
 public:
  using Value = typename Channel::Value;
  using ValueLoan = Loan<Value, detail::StreamPublisher>;
  static_assert(Channel::kind == Kind::Stream);
  static_assert(std::is_trivially_copyable_v<Value> && sizeof(Value) == Channel::size);

  /// Adds a value. WouldBlock: `overflow: block`, and a reader has not taken the oldest yet, or so
  /// many readers have died that the next push has to go on removing them.
  /// Fenced: another process has taken the segment. LoanOut: a loan of this writer has to be
  /// published or dropped first.
  WriteResult push(const Value& value) noexcept { return push(value, kNoWait); }

  /// The same, but waits for room: spins for 100 us, then sleeps for longer and longer. Timeout:
  /// none came.
  WriteResult push(const Value& value, std::chrono::nanoseconds timeout) noexcept {
    return writer_.publisher().push(
        kGeometry,
        [&](std::byte* payload) { detail::copy_to_shared<sizeof(Value)>(payload, &value); },
        timeout);
  }

  /// Adds as many of the values as there is room for, in order, with one publish; returns how
  /// many. Waits for room for the others as long as asked. Adds none while a loan is out.
  std::size_t push_batch(std::span<const Value> values,
                         std::chrono::nanoseconds timeout = kNoWait) noexcept {
    return writer_.publisher().push_batch(
        kGeometry, values.size(),
        [&](std::size_t i, std::byte* payload) {
          detail::copy_to_shared<sizeof(Value)>(payload, &values[i]);
        },
        timeout);
  }

  /// The next slot in place, for values too large to build elsewhere first. Dropped without
  /// `publish()`: nothing was added, and nothing lost. While the loan is out, this writer adds
  /// nothing else: LoanOut.
  [[nodiscard]] tl::expected<ValueLoan, WriteError> loan(
      std::chrono::nanoseconds timeout = kNoWait) {
    if (const auto refused = writer_.publisher().await_room(timeout)) {
      return tl::unexpected(*refused);
    }
    // Made where the caller has it: a loan is linked to this writer by its address.
    return tl::expected<ValueLoan, WriteError>(tl::in_place, writer_.publisher(), kGeometry);
  }

  /// Calls `fill(Value&)` on the next slot in place and adds the value when it returns. An
  /// exception passes through, and nothing is added. Until `fill` returns, this writer adds nothing
  /// else: LoanOut.
  template <class Fill>
  WriteResult with_write(Fill&& fill, std::chrono::nanoseconds timeout = kNoWait) {
    auto next = loan(timeout);
    if (!next) return tl::unexpected(next.error());
    std::forward<Fill>(fill)(**next);
    return next->publish();
  }

  /// The attached reader with the most values still to take; none if nobody reads. Looks through
  /// the reader table: for messages, not for each push.
  [[nodiscard]] std::optional<SlowReader> slowest_reader() const {
    return writer_.slowest_reader();
  }

  /// Twice the number of the last push; always even.
  [[nodiscard]] std::uint64_t current_version() const noexcept { return writer_.current_version(); }

  /// This writer's fencing token.
  [[nodiscard]] std::uint64_t incarnation() const noexcept { return writer_.incarnation(); }

  /// What was obtained of WriterOptions::memory.
  [[nodiscard]] const MemoryReport& memory() const noexcept { return writer_.memory(); }

 protected:
  explicit StreamWriter(StreamSegmentWriter writer) noexcept : writer_(std::move(writer)) {}

  template <class Writer>
  static Result<Writer> create_as(WriterOptions options) {
    auto writer = StreamSegmentWriter::create(describe<Channel>(), std::move(options));
    if (!writer) return tl::unexpected(std::move(writer.error()));
    return Writer(std::move(*writer));
  }

 private:
  static constexpr SlotGeometry kGeometry = slot_geometry(describe<Channel>());
  static constexpr std::chrono::nanoseconds kNoWait{0};

  StreamSegmentWriter writer_;
};

}  // namespace evo
