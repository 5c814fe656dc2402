/// `FIELD=A..B` and `FIELD=A..B/T`: a field that goes from one number to another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "decode/fields.hpp"

namespace evo::tools {

class Ramp {
 public:
  /// NotFound: no such field. InvalidName and InvalidSize: what cannot be a ramp of that field;
  /// the message says what can.
  static Result<Ramp> parse(const Fields& fields, const std::string& text);

  [[nodiscard]] const Field& field() const { return field_; }

  /// The time T that it begins again after; none: it goes its way once.
  [[nodiscard]] std::optional<std::uint64_t> period_ns() const { return period_ns_; }

  /// What is wrong with its first or last number, see `Fields::complaint`.
  [[nodiscard]] const std::optional<std::string>& complaint() const { return complaint_; }

  /// Puts the number at that time since the start into the payload. Without a period it is the
  /// last one from `span_ns` on.
  void apply(std::uint64_t time_ns, std::uint64_t span_ns, std::span<std::byte> payload) const;

 private:
  Ramp() = default;

  Field field_;
  long double first_ = 0;
  long double last_ = 0;
  std::optional<std::uint64_t> period_ns_;
  std::optional<std::string> complaint_;
};

}  // namespace evo::tools
