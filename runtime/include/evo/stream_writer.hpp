// SPDX-License-Identifier: Apache-2.0
/// The typed writer of a `kind: stream` segment. Generated writers derive from it.
///
/// Use a writer from one thread at a time. With `overflow: overwrite` a push is wait-free. With
/// `block` it waits for readers, up to the caller's timeout. It allocates nothing, and makes no
/// system call except to wake a sleeping reader and while a blocking stream is full.
#pragma once

#include <span>
#include <type_traits>
#include <utility>

#include "evo/channel.hpp"
#include "evo/detail/chrono.hpp"
#include "evo/loan.hpp"
#include "evo/raw_stream_writer.hpp"

namespace evo {

template <class Channel>
class StreamWriter {
 public:
  using Value = typename Channel::Value;
  using ValueLoan = Loan<Value, detail::StreamPublisher>;
  static_assert(Channel::kind == Kind::Stream);
  static_assert(std::is_trivially_copyable_v<Value> && sizeof(Value) == Channel::size);

  /// Adds a value. WouldBlock (`overflow: block` only): a reader has not yet taken the oldest
  /// value, or there are too many dead readers to drop in one push. Fenced: the segment was taken
  /// over, or this writer was fenced off. LoanOut: publish or drop this writer's loan first.
  WriteResult push(const Value& value) noexcept { return push(value, kNoWait); }

  /// The same, but waits for room: spins for 100 us, then sleeps for increasing intervals. Timeout:
  /// no room within `timeout`.
  WriteResult push(const Value& value, std::chrono::nanoseconds timeout) noexcept {
    return writer_.publisher().push(
        kGeometry,
        [&](std::byte* payload) { detail::copy_to_shared<sizeof(Value)>(payload, &value); },
        timeout);
  }

  /// Adds the values in order: those that fit, with one publish; for the others it waits up to
  /// `timeout` for room. Returns the number added. Adds none while a loan is out.
  std::size_t push_batch(std::span<const Value> values,
                         std::chrono::nanoseconds timeout = kNoWait) noexcept {
    return writer_.publisher().push_batch(
        kGeometry, values.size(),
        [&](std::size_t i, std::byte* payload) {
          detail::copy_to_shared<sizeof(Value)>(payload, &values[i]);
        },
        timeout);
  }

  /// Lends the next slot in place, for values too large to build elsewhere first. A loan dropped
  /// without `publish()` adds nothing and loses nothing. While the loan is out, every other push of
  /// this writer fails with LoanOut.
  [[nodiscard]] tl::expected<ValueLoan, WriteError> loan(
      std::chrono::nanoseconds timeout = kNoWait) {
    if (const auto refused = writer_.publisher().await_room(timeout)) {
      return tl::unexpected(*refused);
    }
    // Constructed in the caller's storage: the writer and the loan hold each other's addresses.
    return tl::expected<ValueLoan, WriteError>(tl::in_place, writer_.publisher(), kGeometry);
  }

  /// Calls `fill(Value&)` on the next slot in place, then adds the value. If `fill` throws, the
  /// exception propagates and nothing is added. Until `fill` returns, every other push of this
  /// writer fails with LoanOut.
  template <class Fill>
  WriteResult with_write(Fill&& fill, std::chrono::nanoseconds timeout = kNoWait) {
    auto next = loan(timeout);
    if (!next) return tl::unexpected(next.error());
    std::forward<Fill>(fill)(**next);
    return next->publish();
  }

  /// The attached reader with the most unread values; nullopt if no reader is attached. Scans the
  /// reader table: meant for diagnostics, not for each push.
  [[nodiscard]] std::optional<SlowReader> slowest_reader() const {
    return writer_.slowest_reader();
  }

  /// Twice the number of the last push; always even.
  [[nodiscard]] std::uint64_t current_version() const noexcept { return writer_.current_version(); }

  /// This writer's fencing token.
  [[nodiscard]] std::uint64_t incarnation() const noexcept { return writer_.incarnation(); }

  /// Which of the WriterOptions::memory requests were granted.
  [[nodiscard]] const MemoryReport& memory() const noexcept { return writer_.memory(); }

 protected:
  explicit StreamWriter(RawStreamWriter writer) noexcept : writer_(std::move(writer)) {}

  template <class Writer>
  static Result<Writer> create_as(WriterOptions options) {
    auto writer = RawStreamWriter::create(describe<Channel>(), std::move(options));
    if (!writer) return tl::unexpected(std::move(writer.error()));
    return Writer(std::move(*writer));
  }

 private:
  static constexpr SlotGeometry kGeometry = slot_geometry(describe<Channel>());
  static constexpr std::chrono::nanoseconds kNoWait{0};

  RawStreamWriter writer_;
};

}  // namespace evo
