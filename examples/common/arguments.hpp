/// The command line of a program of the cell: `--name`, `--name value`, `--name=value` and words.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evo::cell {

class Arguments {
 public:
  /// `usage` is what stands behind the program's name, `summary` what the program does.
  Arguments(std::string program, std::string usage, std::string summary);

  /// Sets `target` to `value` if `--name` is given.
  void flag(std::string name, std::string help, bool& target, bool value = true);

  /// A number from `minimum` to `maximum`.
  void number(std::string name, std::string help, double& target, double minimum, double maximum);

  /// A whole number from `minimum` to `maximum`.
  void whole_number(std::string name, std::string help, int& target, int minimum, int maximum);

  /// Any text but the empty one.
  void text(std::string name, std::string placeholder, std::string help, std::string& target);

  /// Lines for the end of --help.
  void epilogue(std::string text) { epilogue_ = std::move(text); }

  /// Reads the command line. The words that are no options are kept for `words()`. Returns the
  /// exit code with which the program is to end at once: 0 after --help, 2 after a mistake, which
  /// stderr then explains together with what to do.
  [[nodiscard]] std::optional<int> parse(int argc, char** argv);

  [[nodiscard]] const std::vector<std::string>& words() const noexcept { return words_; }

  /// Says on stderr what is wrong and where to find help; returns the exit code for it, 2.
  [[nodiscard]] int mistake(std::string_view problem) const;

 private:
  struct Option {
    std::string name;
    std::string placeholder;  // empty: takes no value
    std::string help;
    std::function<bool(std::string_view)> accept;  // whether the value is a good one
    std::string expected;                          // what a good one would be
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

}  // namespace evo::cell
