/// `evo-shm completion bash|zsh`, and `evo-shm completion-words`, which its scripts run
#include "completion/script.hpp"

#include <algorithm>

#include "command.hpp"
#include "look/segment_look.hpp"

namespace evo::tools {

namespace {

struct CompletionOptions {
  const CLI::App* app = nullptr;  // of all commands
  std::string shell;
};

struct WordsOptions {
  std::string what;
  std::string segment;
};

void declare(CLI::App& command, CompletionOptions& options) {
  options.app = command.get_parent();
  command.add_option("shell", options.shell, "The shell that is to run it")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh"}));
}

ExitCode print_script(const CompletionOptions& options, const Context&) {
  print_text(completion_script(*options.app, options.shell == "zsh" ? Shell::Zsh : Shell::Bash));
  return ExitCode::Fine;
}

void declare_words(CLI::App& command, WordsOptions& options) {
  command.add_option("what", options.what, "segments, or fields of one")
      ->required()
      ->check(CLI::IsMember({"segments", "fields"}));
  command.add_option("segment", options.segment, "The segment whose fields they are");
}

/// Every field, struct and array by a path that commands take. The elements of an array of structs
/// are spelled out as long as that does not become a flood; else the first stands for all.
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

ExitCode print_words(const WordsOptions& options, const Context& context) {
  std::vector<std::string> words;
  if (options.what == "segments") {
    auto names = list_segment_names(context.domain);
    if (!names) return fail(names.error());
    words = std::move(*names);
  } else {
    const auto look = SegmentLook::at(context.domain, options.segment);
    if (!look) return fail(look.error());
    if (!look->fields()) return fail(*look->fault());
    words = words_for(*look->fields());
  }
  for (const std::string& word : words) print_text(word + '\n');
  return ExitCode::Fine;
}

}  // namespace

void add_completion(Commands& commands) {
  commands.add<CompletionOptions>("completion", "A script that completes commands in a shell",
                                  declare, print_script);
  commands
      .add<WordsOptions>("completion-words", "What a completion script asks for", declare_words,
                         print_words)
      ->group("");
}

}  // namespace evo::tools
