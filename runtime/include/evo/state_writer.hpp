/// The typed writer of a `kind: state` segment. Generated writers derive from it.
///
/// A writer belongs to one thread at a time. `write`, `update` and `loan` are wait-free:
/// no system call (except the wake when a reader sleeps), no allocation, no lock.
#pragma once

#include <type_traits>
#include <utility>

#include "evo/channel.hpp"
#include "evo/detail/bools.hpp"
#include "evo/loan.hpp"
#include "evo/segment_writer.hpp"

namespace evo {

template <class Channel>
class StateWriter {
 public:
  using Value = typename Channel::Value;
  static_assert(Channel::kind == Kind::State);
  static_assert(std::is_trivially_copyable_v<Value> && sizeof(Value) == Channel::size);

  /// Publishes a value. Fenced: another process has taken the segment. LoanOut: a loan of this
  /// writer has to be published or dropped first.
  WriteResult write(const Value& value) noexcept {
    return writer_.publisher().publish(kGeometry, [&](std::byte* payload) {
      detail::copy_to_shared<sizeof(Value)>(payload, &value);
    });
  }

  /// Calls `change(Value&)` on a copy of the last value (zeros before the first) and
  /// publishes it. An exception passes through, and nothing is published. Errors as `write`,
  /// without a call of `change`. Until `change` returns, this writer publishes nothing else:
  /// LoanOut.
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

  /// The next slot in place, for values too large to build elsewhere first. While the loan is out,
  /// every other publish of this writer is refused with LoanOut.
  [[nodiscard]] Loan<Value> loan() { return {writer_.publisher(), kGeometry}; }

  /// Twice the number of the last publish; always even.
  [[nodiscard]] std::uint64_t current_version() const noexcept { return writer_.current_version(); }

  /// This writer's fencing token.
  [[nodiscard]] std::uint64_t incarnation() const noexcept { return writer_.incarnation(); }

  /// What was obtained of WriterOptions::memory.
  [[nodiscard]] const MemoryReport& memory() const noexcept { return writer_.memory(); }

 protected:
  explicit StateWriter(SegmentWriter writer) noexcept : writer_(std::move(writer)) {}

  template <class Writer>
  static Result<Writer> create_as(WriterOptions options) {
    auto writer = SegmentWriter::create(describe<Channel>(), std::move(options));
    if (!writer) return tl::unexpected(std::move(writer.error()));
    return Writer(std::move(*writer));
  }

 private:
  static constexpr SlotGeometry kGeometry = slot_geometry(describe<Channel>());

  SegmentWriter writer_;
};

}  // namespace evo
