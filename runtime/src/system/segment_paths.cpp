// SPDX-License-Identifier: Apache-2.0
#include "evo/segment_paths.hpp"

#include <algorithm>

#include "evo/format.hpp"

namespace evo {

namespace {

bool is_name(std::string_view name, std::size_t longest) {
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return !name.empty() && name.size() <= longest && lower(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return lower(c) || digit(c) || c == '_'; });
}

}  // namespace

bool is_segment_name(std::string_view name) noexcept {
  return is_name(name, 48);
}

Result<void> validate_segment_name(std::string_view name) {
  if (is_segment_name(name)) return {};
  return make_error(
      ErrorCode::InvalidName,
      "'{}' is not a segment name; use a lower-case letter and then up to 47 lower-case "
      "letters, digits or underscores",
      name);
}

Result<void> validate_module_name(std::string_view name) {
  if (is_name(name, 32)) return {};
  return make_error(
      ErrorCode::InvalidName,
      "'{}' is not a module name; use a lower-case letter and then up to 31 lower-case "
      "letters, digits or underscores",
      name);
}

std::string data_file_name(std::string_view module, std::string_view name, std::uint32_t pid) {
  return std::string("evo_").append(module).append("_").append(name).append("_").append(
      std::to_string(pid));
}

std::string control_file_name(std::string_view name) {
  return std::string("evo_").append(name).append(".ctl");
}

std::string data_path(const Domain& domain, std::string_view module, std::string_view name,
                      std::uint32_t pid) {
  return domain.path() + "/" + data_file_name(module, name, pid);
}

std::string meta_path(const Domain& domain, std::string_view name) {
  return fmt::format("{}/evo_{}.meta", domain.path(), name);
}

std::string control_path(const Domain& domain, std::string_view name) {
  return domain.path() + "/" + control_file_name(name);
}

}  // namespace evo
