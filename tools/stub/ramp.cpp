// SPDX-License-Identifier: Apache-2.0
#include "stub/ramp.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "evo/format.hpp"
#include "repair/assignment.hpp"
#include "text/duration.hpp"

namespace evo::tools {

namespace {

/// Exact for every whole number too: long double has at least 64 bits of precision.
long double number_at(const Field& field, std::span<const std::byte> payload) {
  return with_type(field.scalar, [&](auto kind) {
    std::memcpy(&kind, payload.data() + field.offset, sizeof(kind));
    return static_cast<long double>(kind);
  });
}

tl::unexpected<Error> not_a_ramp(std::string_view text) {
  return make_error(ErrorCode::InvalidName,
                    "'{}' is not a ramp; write field=A..B, or field=A..B/2s to repeat it every "
                    "2 s",
                    text);
}

/// Its path, the first and last number, and the time after `/`, as written.
struct Parts {
  std::string path, first, last, time;
};

std::optional<Parts> parts_of(const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::size_t dots = text.find("..", equals == text.npos ? text.size() : equals);
  if (dots == text.npos) return std::nullopt;
  const std::size_t slash = std::min(text.find('/', dots), text.size());
  return Parts{.path = text.substr(0, equals),
               .first = text.substr(equals + 1, dots - equals - 1),
               .last = text.substr(dots + 2, slash - dots - 2),
               .time = text.substr(slash)};
}

}  // namespace

Result<Ramp> Ramp::parse(const Fields& fields, const std::string& text) {
  const auto parts = parts_of(text);
  if (!parts) return not_a_ramp(text);
  const auto found = fields.find(parts->path);
  if (!found) return tl::unexpected(found.error());
  const Field& field = found->front();
  if (found->size() != 1 || field.length != 0) {
    return make_error(ErrorCode::InvalidSize,
                      "'{}' is not a single number; name one, such as '{}{}'", parts->path,
                      field.path, field.length != 0 ? "[0]" : "");
  }
  if (field.scalar == Scalar::Bool || !enum_of(field.declared->type).empty()) {
    return make_error(ErrorCode::InvalidSize, "'{}' is not a number; a ramp needs one",
                      parts->path);
  }
  Ramp ramp;
  ramp.field_ = field;
  if (!parts->time.empty()) {
    const auto period = parse_duration(std::string_view(parts->time).substr(1));
    if (!period || period->count() == 0) return not_a_ramp(text);
    ramp.period_ns_ = static_cast<std::uint64_t>(period->count());
  }
  std::vector<std::byte> payload(fields.layout().size);
  for (const auto& [number, written] :
       {std::pair(&ramp.first_, &parts->first), std::pair(&ramp.last_, &parts->last)}) {
    const auto changes = assign(fields, {parts->path + '=' + *written}, payload);
    if (!changes) return tl::unexpected(changes.error());
    if (!ramp.complaint_) ramp.complaint_ = changes->front().complaint;
    *number = number_at(field, payload);
  }
  if (!std::isfinite(ramp.first_) || !std::isfinite(ramp.last_)) return not_a_ramp(text);
  return ramp;
}

void Ramp::apply(std::uint64_t time_ns, std::uint64_t span_ns, std::span<std::byte> payload) const {
  const std::uint64_t over = period_ns_.value_or(span_ns);
  const std::uint64_t gone = period_ns_ ? time_ns % over : std::min(time_ns, over);
  const long double part =
      over == 0 ? 0 : static_cast<long double>(gone) / static_cast<long double>(over);
  const long double number = first_ * (1 - part) + last_ * part;
  with_type(field_.scalar, [&](auto kind) {
    using T = decltype(kind);
    const T value =
        std::is_integral_v<T> ? static_cast<T>(std::round(number)) : static_cast<T>(number);
    std::memcpy(payload.data() + field_.offset, &value, sizeof(value));
  });
}

}  // namespace evo::tools
