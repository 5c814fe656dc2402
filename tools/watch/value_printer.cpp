// SPDX-License-Identifier: Apache-2.0
#include "watch/value_printer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <unordered_set>

#include "evo/clock.hpp"
#include "evo/format.hpp"
#include "inspect/labels.hpp"
#include "text/json_member.hpp"
#include "text/json_text.hpp"
#include "text/table.hpp"

namespace evo::tools {

namespace {

constexpr std::size_t kMostColumns = 10'000;
/// Rates are averaged over at least half a second.
constexpr std::uint64_t kRateOverNs = 500'000'000;

/// Each chosen field once, even if it was chosen twice, as with `axes` and `axes[0].position`: a
/// JSON object has each member once.
std::vector<const Field*> distinct(const std::vector<Field>& chosen) {
  std::unordered_set<std::string_view> paths;
  std::vector<const Field*> fields;
  for (const Field& field : chosen) {
    if (paths.insert(field.path).second) fields.push_back(&field);
  }
  return fields;
}

/// The stamp, or the present time if there is none.
std::uint64_t moment_of(const StreamedValue& value) {
  return value.info.stamp_ns != 0 ? value.info.stamp_ns : monotonic_ns();
}

}  // namespace

ValuePrinter::ValuePrinter(std::string segment, WatchContext& context, const Fields& fields,
                           std::vector<Field> chosen)
    : segment_(std::move(segment)),
      context_(&context),
      fields_(&fields),
      chosen_(std::move(chosen)) {}

Result<void> ValuePrinter::add_columns(const std::string& prefix) {
  auto elements = elements_of(chosen_, prefix, kMostColumns);
  if (!elements) return tl::unexpected(elements.error());
  number_ = context_->columns.add(*fields_, std::move(*elements));
  return {};
}

std::optional<std::string> ValuePrinter::text_of(const StreamedValue& value) {
  count_publish(value.info.sequence);
  if (!context_->style.every && !has_changed(value.bytes)) return std::nullopt;
  last_ = value.bytes;
  switch (context_->style.form) {
    case WatchForm::Json:
      return json_of(value) + '\n';
    case WatchForm::Csv:
      return context_->columns.line(number_, context_->moments->text(moment_of(value)),
                                    value.bytes);
    case WatchForm::InPlace:
      return std::string(kClearScreen) + table_of(value);
    case WatchForm::Lines:
      break;
  }
  return line_of(value) + '\n';
}

std::string ValuePrinter::text_of_writer(const SegmentInfo& info) const {
  if (context_->style.form != WatchForm::Json) {
    return fmt::format("# writer{} is {}, {}\n", context_->style.name ? " of " + segment_ : "",
                       state_of(info), writer_of(info));
  }
  nlohmann::ordered_json object;
  if (context_->style.name) object["segment"] = segment_;
  object["writer"] = state_of(info);
  if (info.writer_pid != 0) object["pid"] = info.writer_pid;
  return json_text(object) + '\n';
}

bool ValuePrinter::has_changed(const std::vector<std::byte>& bytes) const {
  if (last_.size() != bytes.size()) return true;
  return std::any_of(chosen_.begin(), chosen_.end(), [&](const Field& field) {
    const std::size_t size = field.count() * size_of(field.scalar);
    return !std::equal(bytes.begin() + static_cast<std::ptrdiff_t>(field.offset),
                       bytes.begin() + static_cast<std::ptrdiff_t>(field.offset + size),
                       last_.begin() + static_cast<std::ptrdiff_t>(field.offset));
  });
}

void ValuePrinter::count_publish(std::uint64_t sequence) {
  const std::uint64_t now = monotonic_ns();
  if (rate_since_ns_ == 0) {
    rate_since_ns_ = now;
    rate_from_ = sequence;
  } else if (now - rate_since_ns_ >= kRateOverNs && sequence >= rate_from_) {
    rate_ = static_cast<double>(sequence - rate_from_) * 1e9 /
            static_cast<double>(now - rate_since_ns_);
    rate_since_ns_ = now;
    rate_from_ = sequence;
  }
}

std::string ValuePrinter::head_of(const StreamedValue& value) const {
  std::string text = fmt::format("{}", value.info.sequence);
  if (context_->moments) {
    text += ' ' + context_->moments->text(moment_of(value));
  } else if (value.info.stamp_ns != 0) {
    text += fmt::format(" {:.6f}", static_cast<double>(value.info.stamp_ns) / 1e9);
  }
  if (value.lost != 0) text += fmt::format(" lost={}", value.lost);
  if (context_->style.rate) text += rate_ ? fmt::format(" rate={:.4g}/s", *rate_) : " rate=?";
  return text;
}

std::string ValuePrinter::line_of(const StreamedValue& value) const {
  std::string text = (context_->style.name ? segment_ + ' ' : "") + head_of(value);
  for (const Field& field : chosen_) {
    text += fmt::format(" {}={}", field.path, fields_->text(field, value.bytes));
  }
  return text;
}

std::string ValuePrinter::json_of(const StreamedValue& value) const {
  nlohmann::ordered_json object;
  if (context_->style.name) object["segment"] = segment_;
  object["sequence"] = value.info.sequence;
  if (value.info.stamp_ns != 0) object["stamp_ns"] = value.info.stamp_ns;
  if (context_->moments) object["time"] = context_->moments->json(moment_of(value));
  if (value.lost != 0) object["lost"] = value.lost;
  if (context_->style.rate && rate_) object["rate_hz"] = *rate_;
  // Nested: a schema may name a field like one of the members above.
  auto& values = object["values"] = nlohmann::ordered_json::object();
  for (const Field* field : distinct(chosen_)) {
    add_member(values, field->path, fields_->json(*field, value.bytes));
  }
  return json_text(object);
}

std::string ValuePrinter::table_of(const StreamedValue& value) const {
  Table table({{"FIELD", Align::Left, 0, Narrowing::Cut},
               {"VALUE", Align::Left, 0, Narrowing::Wrap},
               {"UNIT", Align::Left, 1}});
  for (const Field& field : chosen_) {
    table.add({field.path, fields_->text(field, value.bytes), field.declared->unit});
  }
  return fmt::format("{} {}\n\n{}", segment_, head_of(value), table.text(context_->style.width));
}

}  // namespace evo::tools
