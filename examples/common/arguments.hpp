// SPDX-License-Identifier: Apache-2.0
/// The command line of a program of the cell: `--name`, `--name value`, `--name=value` and words.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evo::machine {

class Arguments {
 public:
  /// `usage` follows the program's name in the help; `summary` says what the program does.
  Arguments(std::string program, std::string usage, std::string summary);

  /// Sets `target` to `value` if `--name` is given.
  void flag(std::string name, std::string help, bool& target, bool value = true);

  /// A number from `minimum` to `maximum`.
  void number(std::string name, std::string help, double& target, double minimum, double maximum);

  /// A whole number from `minimum` to `maximum`.
  void whole_number(std::string name, std::string help, int& target, int minimum, int maximum);

  /// Any text except the empty one.
  void text(std::string name, std::string placeholder, std::string help, std::string& target);

  /// Text for the end of --help.
  void epilogue(std::string text) { epilogue_ = std::move(text); }

  /// Reads the command line. Words that are not options are kept for `words()`. Returns an exit
  /// code if the program has to end immediately: 0 after --help, 2 after a mistake, which is
  /// explained on stderr together with what to do.
  [[nodiscard]] std::optional<int> parse(int argc, char** argv);

  [[nodiscard]] const std::vector<std::string>& words() const noexcept { return words_; }

  /// Prints on stderr what is wrong and where to find help; returns the exit code for it, 2.
  [[nodiscard]] int mistake(std::string_view problem) const;

 private:
  struct Option {
    std::string name;
    std::string placeholder;  // empty: takes no value
    std::string help;
    std::function<bool(std::string_view)> accept;  // whether the value is valid
    std::string expected;                          // description of a valid value
  };

  [[nodiscard]] const Option* find(std::string_view name) const;
  void print_help() const;

  std::string program_;
  std::string usage_;
  std::string summary_;
  std::string epilogue_;
  std::vector<Option> options_;
  std::vector<std::string> words_;
};

}  // namespace evo::machine
