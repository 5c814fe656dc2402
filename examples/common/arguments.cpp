// SPDX-License-Identifier: Apache-2.0
#include "common/arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace evo::machine {

namespace {

/// Parses the whole text as a finite number.
std::optional<double> to_number(std::string_view text) {
  const std::string copy(text);
  char* end = nullptr;
  const double value = std::strtod(copy.c_str(), &end);
  if (copy.empty() || *end != '\0' || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace

Arguments::Arguments(std::string program, std::string usage, std::string summary)
    : program_(std::move(program)), usage_(std::move(usage)), summary_(std::move(summary)) {}

void Arguments::flag(std::string name, std::string help, bool& target, bool value) {
  options_.push_back({.name = std::move(name),
                      .placeholder = "",
                      .help = std::move(help),
                      .accept =
                          [&target, value](std::string_view) {
                            target = value;
                            return true;
                          },
                      .expected = ""});
}

void Arguments::number(std::string name, std::string help, double& target, double minimum,
                       double maximum) {
  options_.push_back({.name = std::move(name),
                      .placeholder = "N",
                      .help = std::move(help),
                      .accept =
                          [&target, minimum, maximum](std::string_view text) {
                            const auto value = to_number(text);
                            if (!value || *value < minimum || *value > maximum) return false;
                            target = *value;
                            return true;
                          },
                      .expected = fmt::format("a number from {} to {}", minimum, maximum)});
}

void Arguments::whole_number(std::string name, std::string help, int& target, int minimum,
                             int maximum) {
  options_.push_back({.name = std::move(name),
                      .placeholder = "N",
                      .help = std::move(help),
                      .accept =
                          [&target, minimum, maximum](std::string_view text) {
                            const auto value = to_number(text);
                            if (!value || *value < minimum || *value > maximum) return false;
                            target = static_cast<int>(*value);
                            return target == *value;
                          },
                      .expected = fmt::format("a whole number from {} to {}", minimum, maximum)});
}

void Arguments::text(std::string name, std::string placeholder, std::string help,
                     std::string& target) {
  options_.push_back({.name = std::move(name),
                      .placeholder = std::move(placeholder),
                      .help = std::move(help),
                      .accept =
                          [&target](std::string_view text) {
                            target = text;
                            return !text.empty();
                          },
                      .expected = "a text that is not empty"});
}

std::optional<int> Arguments::parse(int argc, char** argv) {
  const std::vector<std::string_view> given(argv + std::min(1, argc), argv + argc);
  for (std::size_t i = 0; i < given.size(); ++i) {
    const std::string_view argument = given[i];
    if (argument == "--help" || argument == "-h") {
      print_help();
      return EXIT_SUCCESS;
    }
    if (!argument.starts_with('-')) {
      words_.emplace_back(argument);
      continue;
    }
    const std::size_t equals = argument.find('=');
    const std::string_view name = argument.substr(0, equals);
    const bool has_value = equals != std::string_view::npos;
    const Option* option = name.starts_with("--") ? find(name.substr(2)) : nullptr;
    if (option == nullptr) return mistake(fmt::format("there is no option '{}'", name));
    std::string_view value = has_value ? argument.substr(equals + 1) : std::string_view();
    if (option->placeholder.empty()) {
      if (has_value) return mistake(fmt::format("option '{}' takes no value", name));
    } else if (!has_value) {
      if (++i == given.size()) {
        return mistake(fmt::format("option '{}' needs {}", name, option->expected));
      }
      value = given[i];
    }
    if (!option->accept(value)) {
      return mistake(fmt::format("option '{}' needs {}, not '{}'", name, option->expected, value));
    }
  }
  return std::nullopt;
}

int Arguments::mistake(std::string_view problem) const {
  fmt::print(stderr, "{0}: {1}; '{0} --help' tells what can be given\n", program_, problem);
  return 2;
}

const Arguments::Option* Arguments::find(std::string_view name) const {
  const auto found = std::find_if(options_.begin(), options_.end(),
                                  [&](const Option& option) { return option.name == name; });
  return found == options_.end() ? nullptr : &*found;
}

void Arguments::print_help() const {
  fmt::print("usage: {} {}\n\n{}\n\noptions:\n", program_, usage_, summary_);
  for (const Option& option : options_) {
    const std::string left = option.placeholder.empty()
                                 ? fmt::format("--{}", option.name)
                                 : fmt::format("--{} {}", option.name, option.placeholder);
    fmt::print("  {:<20} {}\n", left, option.help);
  }
  fmt::print("  {:<20} {}\n", "--help", "print this and exit");
  if (!epilogue_.empty()) fmt::print("\n{}\n", epilogue_);
}

}  // namespace evo::machine
