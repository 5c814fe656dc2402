// SPDX-License-Identifier: Apache-2.0
/// `evo-shm completion bash|zsh|fish`, and `evo-shm completion-words`, which its scripts run
#include <algorithm>
#include <map>

#include "command.hpp"
#include "completion/candidates.hpp"
#include "completion/script.hpp"
#include "inspect/inspected_segment.hpp"

namespace evo::tools {

namespace {

const std::map<std::string, Shell> kShells = {
    {"bash", Shell::Bash}, {"zsh", Shell::Zsh}, {"fish", Shell::Fish}};

struct CompletionOptions {
  std::string shell;
};

struct WordsOptions {
  const CLI::App* app = nullptr;  // with all commands
  std::vector<std::string> words;
};

void declare_completion(CLI::App& command, CompletionOptions& options) {
  command.add_option("shell", options.shell, "The shell that will run it")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
}

ExitCode print_script(const CompletionOptions& options, const Context&) {
  print_text(completion_script(kShells.at(options.shell)));
  return ExitCode::Fine;
}

void declare_words(CLI::App& command, WordsOptions& options) {
  options.app = command.get_parent();
  command.add_option("words", options.words, "The command line so far");
}

/// Every field, struct and array as a path that commands accept. The elements of an array of
/// structs are listed individually up to a limit; beyond it, the first stands for all.
std::vector<std::string> words_for(const Fields& fields) {
  constexpr std::size_t kMostWords = 500;
  std::vector<std::string> words = fields.paths();
  for (std::string& word : words) {
    for (auto at = word.find("[]"); at != std::string::npos; at = word.find("[]", at)) {
      word.insert(at + 1, "0");
    }
  }
  const auto spelled_out = fields.all();
  if (spelled_out.size() > kMostWords) return words;
  for (const Field& field : spelled_out) {
    if (std::ranges::find(words, field.path) == words.end()) words.push_back(field.path);
  }
  return words;
}

std::vector<std::string> fields_of(const Domain& domain, const std::string& segment) {
  const auto inspected = InspectedSegment::at(domain, segment);
  return inspected && inspected->fields() ? words_for(*inspected->fields())
                                          : std::vector<std::string>();
}

ExitCode print_words(const WordsOptions& options, const Context& context) {
  const auto domain = [&](const std::string& name) {
    return name.empty() ? context.domain : domain_named(name);
  };
  const NamesInDomain names{
      .segments =
          [&](const std::string& name) {
            return list_segment_names(domain(name)).value_or(std::vector<std::string>());
          },
      .fields = [&](const std::string& name,
                    const std::string& segment) { return fields_of(domain(name), segment); }};
  const Candidates found = candidates_for(*options.app, options.words, names);
  std::string text;
  for (const std::string& word : found.words) text += word + '\n';
  if (found.paths == Candidates::Paths::Files) text += "@files\n";
  if (found.paths == Candidates::Paths::Directories) text += "@directories\n";
  print_text(text);
  return ExitCode::Fine;
}

}  // namespace

void add_completion(Commands& commands) {
  commands.add<CompletionOptions>("completion", "A script that completes commands in a shell",
                                  declare_completion, print_script);
  commands
      .add<WordsOptions>("completion-words", "What a completion script asks for", declare_words,
                         print_words)
      ->group("");
}

}  // namespace evo::tools
