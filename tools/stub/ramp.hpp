// SPDX-License-Identifier: Apache-2.0
/// `FIELD=A..B` and `FIELD=A..B/T`: a field that changes from one number to another.
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
  /// NotFound: no such field. InvalidName and InvalidSize: not a valid ramp of that field; the
  /// message says what is valid.
  static Result<Ramp> parse(const Fields& fields, const std::string& text);

  [[nodiscard]] const Field& field() const { return field_; }

  /// The time T after which it starts again; nullopt: it runs once.
  [[nodiscard]] std::optional<std::uint64_t> period_ns() const { return period_ns_; }

  /// What is wrong with its first or last number; see `Fields::complaint`.
  [[nodiscard]] const std::optional<std::string>& complaint() const { return complaint_; }

  /// Stores the number for `time_ns` since the start in the payload. Without a period it stays at
  /// the last number from `span_ns` on.
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
