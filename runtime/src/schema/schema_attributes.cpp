// SPDX-License-Identifier: Apache-2.0
#include "schema/schema_attributes.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "evo/domain.hpp"
#include "evo/segment_paths.hpp"
#include "evo/text.hpp"

namespace evo::detail {

namespace {

constexpr std::size_t kLongestUnit = 128;  // 32 characters of UTF-8
constexpr std::size_t kLongestLimit = 64;
constexpr std::size_t kLongestValue = 256;
constexpr std::size_t kLongestModuleList = 8192;

bool is_digits(std::string_view text) {
  constexpr std::size_t kMostDigits = 20;
  return !text.empty() && text.size() <= kMostDigits &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_time(std::string_view text) {
  const std::size_t unit = std::min(text.find_first_not_of("0123456789"), text.size());
  constexpr std::array<std::string_view, 4> kUnits = {"ns", "us", "ms", "s"};
  return is_digits(text.substr(0, unit)) &&
         std::find(kUnits.begin(), kUnits.end(), text.substr(unit)) != kUnits.end();
}

bool is_version(std::string_view text) {
  const std::size_t dot = std::min(text.find('.'), text.size());
  return is_digits(text.substr(0, dot)) && dot < text.size() && is_digits(text.substr(dot + 1));
}

bool is_limit(std::string_view text) {
  if (text.size() > kLongestLimit ||
      text.find_first_not_of("+-.0123456789eE") != std::string_view::npos) {
    return false;
  }
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  // Out of range: a number too small for a double counts as 0, and whole numbers have their own
  // limits.
  return end == text.data() + text.size() &&
         (error == std::errc() || error == std::errc::result_out_of_range);
}

bool is_module_list(std::string_view text) {
  if (text.size() > kLongestModuleList) return false;
  while (true) {
    const std::size_t comma = std::min(text.find(','), text.size());
    std::string_view module = text.substr(0, comma);
    module.remove_prefix(std::min(module.find_first_not_of(' '), module.size()));
    module = module.substr(0, module.find_last_not_of(' ') + 1);
    if (!validate_module_name(module)) return false;
    if (comma == text.size()) return true;
    text.remove_prefix(comma + 1);
  }
}

bool is_plain(std::string_view text) {
  return text.size() <= kLongestValue && printable(text) == text;
}

struct Form {
  std::string_view key;
  bool (*is_met)(std::string_view value);
  std::string_view fault;
};

constexpr std::string_view kNoNumber = "is not a whole number";
constexpr std::string_view kNoTime = "is not a time such as 250us, 1ms or 2s";

constexpr std::array kForms = {
    Form{"segment", [](std::string_view v) { return bool(validate_segment_name(v)); },
         "is not the name of a segment"},
    Form{"owner", [](std::string_view v) { return bool(validate_module_name(v)); },
         "is not the name of a module"},
    Form{"readers", is_module_list, "is not a list of modules with commas between them"},
    Form{"slots", is_digits, kNoNumber},
    Form{"capacity", is_digits, kNoNumber},
    Form{"max_readers", is_digits, kNoNumber},
    Form{"force_align", is_digits, kNoNumber},
    Form{"period", is_time, kNoTime},
    Form{"max_age", is_time, kNoTime},
    Form{"version", is_version, "is not MAJOR.MINOR, such as 1.0"},
    Form{"min", is_limit, "is not a number"},
    Form{"max", is_limit, "is not a number"},
    Form{"unit", [](std::string_view v) { return v.size() <= kLongestUnit && is_plain(v); },
         "is too long, or has control characters"}};

}  // namespace

std::optional<std::string_view> fault_of_attribute(std::string_view key, std::string_view value) {
  const auto* form =
      std::find_if(kForms.begin(), kForms.end(), [&](const Form& each) { return each.key == key; });
  if (form != kForms.end()) return form->is_met(value) ? std::nullopt : std::optional(form->fault);
  if (is_plain(value)) return std::nullopt;
  return "is too long, or has control characters";
}

}  // namespace evo::detail
