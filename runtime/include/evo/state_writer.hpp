// SPDX-License-Identifier: Apache-2.0
/// The typed writer of a `kind: state` segment. Generated writers derive from it.
///
/// Use a writer from one thread at a time. `write`, `update` and `loan` are wait-free: they make no
/// system call (except to wake a sleeping reader) and take no lock. Only a refused loan allocates.
#pragma once

#include <type_traits>
#include <utility>

#include "evo/channel.hpp"
#include "evo/detail/bools.hpp"
#include "evo/loan.hpp"
#include "evo/raw_state_writer.hpp"

namespace evo {

template <class Channel>
class StateWriter {
 public:
  using Value = typename Channel::Value;
  static_assert(Channel::kind == Kind::State);
  static_assert(std::is_trivially_copyable_v<Value> && sizeof(Value) == Channel::size);

  /// Publishes a value. Fenced: the segment was taken over, or this writer was fenced off. LoanOut:
  /// publish or drop this writer's loan first.
  WriteResult write(const Value& value) noexcept {
    return writer_.publisher().publish(kGeometry, [&](std::byte* payload) {
      detail::copy_to_shared<sizeof(Value)>(payload, &value);
    });
  }

  /// Calls `change(Value&)` on a copy of the last value (zeros before the first publish), then
  /// publishes the copy. If `change` throws, the exception propagates and nothing is published.
  /// Fails as `write` does; `change` is not called if the error is known beforehand. Until `change`
  /// returns, every other publish of this writer fails with LoanOut.
  template <class Change>
  WriteResult update(Change&& change) {
    if (const auto refused = writer_.publisher().refusal()) return tl::unexpected(*refused);
    Loan<Value> next = loan();
    const std::byte* last = writer_.publisher().last_payload(kGeometry);
    detail::copy_from_shared<sizeof(Value)>(&*next, last);
    detail::settle_bools(*next);
    std::forward<Change>(change)(*next);
    return next.publish();
  }

  /// Lends the next slot in place, for values too large to build elsewhere first. While the loan is
  /// out, every other publish of this writer fails with LoanOut.
  [[nodiscard]] Loan<Value> loan() { return {writer_.publisher(), kGeometry}; }

  /// Twice the number of the last publish; always even.
  [[nodiscard]] std::uint64_t current_version() const noexcept { return writer_.current_version(); }

  /// This writer's fencing token.
  [[nodiscard]] std::uint64_t incarnation() const noexcept { return writer_.incarnation(); }

  /// Which of the WriterOptions::memory requests were granted.
  [[nodiscard]] const MemoryReport& memory() const noexcept { return writer_.memory(); }

 protected:
  explicit StateWriter(RawStateWriter writer) noexcept : writer_(std::move(writer)) {}

  template <class Writer>
  static Result<Writer> create_as(WriterOptions options) {
    auto writer = RawStateWriter::create(describe<Channel>(), std::move(options));
    if (!writer) return tl::unexpected(std::move(writer.error()));
    return Writer(std::move(*writer));
  }

 private:
  static constexpr SlotGeometry kGeometry = slot_geometry(describe<Channel>());

  RawStateWriter writer_;
};

}  // namespace evo
