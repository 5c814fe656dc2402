// SPDX-License-Identifier: Apache-2.0
#include "completion/candidates.hpp"

#include <algorithm>
#include <string_view>

namespace evo::tools {

namespace {

using Words = std::vector<std::string>;

Words split(std::string_view text, char separator) {
  Words words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// The words that an option accepts, as its help shows them: `table|json`, `{text,json}`.
Words choices_of(const CLI::Option& option) {
  if (contains(option.get_option_text(), "|")) return split(option.get_option_text(), '|');
  const std::string type = option.get_type_name();
  const std::size_t open = type.find('{');
  const std::size_t close = type.find('}', open);
  if (close == std::string::npos) return {};
  return split(std::string_view(type).substr(open + 1, close - open - 1), ',');
}

/// Where the values of an option or a positional come from.
struct Values {
  enum class From : std::uint8_t { Nowhere, Segments, Fields, Assignments };

  Words words = {};
  From from = From::Nowhere;
  Candidates::Paths paths = Candidates::Paths::None;
};

/// `command` is the command that has this option.
Values values_of(const CLI::Option& option, std::string_view command) {
  using From = Values::From;
  using Paths = Candidates::Paths;
  const std::string name = option.get_single_name();
  const std::string type = option.get_type_name();
  if (Words words = choices_of(option); !words.empty()) return {.words = std::move(words)};
  if (command == "pub" && name == "segment") return {};  // a name that its schema declares
  if (name == "segment" || name == "segments" || name == "expect") {
    return {.from = From::Segments};
  }
  if (name == "field" || name == "fields") return {.from = From::Fields};
  if (command == "set" && option.get_positional()) return {.from = From::Assignments};
  if (name == "domain") return {.words = {"system", "user"}, .paths = Paths::Directories};
  if (contains(type, "DIR") || name == "include") return {.paths = Paths::Directories};
  if (contains(type, "FILE") || contains(type, ".fbs") || name == "file" || name == "svg" ||
      name == "csv") {
    return {.paths = Paths::Files};
  }
  return {};
}

Words names_of(const CLI::Option& option) {
  Words names;
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  return names;
}

bool takes_many(const CLI::Option& option) {
  return option.get_items_expected_max() > 1;
}

/// Walks through the words before the last one.
class Line {
 public:
  Line(const CLI::App& app, const NamesInDomain& names) : command_(&app), names_(names) {}

  void take(const std::string& word) {
    if (option_ != nullptr && !word.starts_with('-')) {
      if (option_->get_single_name() == "domain") domain_ = word;
      if (!takes_many(*option_)) option_ = nullptr;
      return;
    }
    option_ = nullptr;
    if (word.starts_with("--domain=")) {
      domain_ = word.substr(word.find('=') + 1);
    } else if (word.starts_with('-')) {
      const CLI::Option* option = find_option(word);
      // A flag takes no value.
      if (option != nullptr && option->get_items_expected_max() != 0) option_ = option;
    } else if (const CLI::App* below = find_command(word)) {
      command_ = below;
      number_ = 0;
    } else {
      const CLI::Option* place = positional(number_++);
      if (place != nullptr && segment_.empty() &&
          values_of(*place, command_->get_name()).from == Values::From::Segments) {
        segment_ = word;
      }
    }
  }

  [[nodiscard]] Candidates end(const std::string& current) const {
    if (option_ != nullptr && !current.starts_with('-')) return expand(option_);
    Candidates found;
    if (current.starts_with('-')) {
      for (const CLI::App* each = command_; each != nullptr; each = each->get_parent()) {
        for (const CLI::Option* option : each->get_options()) {
          if (option->get_group().empty()) continue;  // hidden
          for (std::string& name : names_of(*option)) found.words.push_back(std::move(name));
        }
      }
      return found;
    }
    found = expand(positional(number_));
    for (const CLI::App* each : visible_commands()) {
      found.words.push_back(each->get_name());
      for (const std::string& name : each->get_aliases()) found.words.push_back(name);
    }
    return found;
  }

 private:
  [[nodiscard]] std::vector<const CLI::App*> visible_commands() const {
    return command_->get_subcommands(
        [](const CLI::App* each) { return !each->get_group().empty(); });
  }

  [[nodiscard]] const CLI::App* find_command(const std::string& word) const {
    for (const CLI::App* each : visible_commands()) {
      if (each->check_name(word)) return each;
    }
    return nullptr;
  }

  [[nodiscard]] const CLI::Option* find_option(const std::string& word) const {
    for (const CLI::App* each = command_; each != nullptr; each = each->get_parent()) {
      for (const CLI::Option* option : each->get_options()) {
        if (option->get_group().empty()) continue;  // hidden
        const Words names = names_of(*option);
        if (std::ranges::find(names, word) != names.end()) return option;
      }
    }
    return nullptr;
  }

  /// The positional at this position, counted from 0; one that takes any number of words covers
  /// every position from its own on.
  [[nodiscard]] const CLI::Option* positional(int place) const {
    const CLI::Option* found = nullptr;
    int number = 0;
    for (const CLI::Option* option : command_->get_options()) {
      if (!option->get_positional()) continue;
      if (number == place || takes_many(*option)) found = option;
      if (number++ == place) break;
    }
    return found;
  }

  [[nodiscard]] Candidates expand(const CLI::Option* option) const {
    if (option == nullptr) return {};
    Values values = values_of(*option, command_->get_name());
    Candidates found{.words = std::move(values.words), .paths = values.paths};
    switch (values.from) {
      case Values::From::Nowhere:
        break;
      case Values::From::Segments:
        found.words = names_.segments(domain_);
        break;
      case Values::From::Fields:
      case Values::From::Assignments:
        found.words = names_.fields(domain_, segment_);
        break;
    }
    if (values.from == Values::From::Assignments) {
      for (std::string& word : found.words) word += '=';
    }
    return found;
  }

  const CLI::App* command_;
  const NamesInDomain& names_;
  const CLI::Option* option_ = nullptr;  // whose value comes next
  int number_ = 0;                       // of positionals so far
  std::string segment_;
  std::string domain_;
};

/// Whether every shell treats it as a plain word.
bool is_plain(std::string_view word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.[]=";
  return word.find_first_not_of(kPlain) == std::string_view::npos;
}

}  // namespace

Candidates candidates_for(const CLI::App& app, std::span<const std::string> words,
                          const NamesInDomain& names) {
  Line line(app, names);
  const std::string current = words.empty() ? "" : words.back();
  for (std::size_t i = 0; i + 1 < words.size(); ++i) line.take(words[i]);
  Candidates found = line.end(current);
  std::erase_if(found.words, [&](const std::string& word) {
    return !word.starts_with(current) || !is_plain(word);
  });
  std::ranges::sort(found.words);
  // Not std::ranges::unique: clang 14 cannot destructure its result.
  found.words.erase(std::unique(found.words.begin(), found.words.end()), found.words.end());
  return found;
}

}  // namespace evo::tools
