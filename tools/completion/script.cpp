#include "completion/script.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

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

/// The words that an option is restricted to, as its help shows them: `table|json`, `{text,json}`.
Words choices_of(const CLI::Option& option) {
  if (contains(option.get_option_text(), "|")) return split(option.get_option_text(), '|');
  const std::string type = option.get_type_name();
  const std::size_t open = type.find('{');
  const std::size_t close = type.find('}', open);
  if (close == std::string::npos) return {};
  return split(std::string_view(type).substr(open + 1, close - open - 1), ',');
}

/// What the value of an option or a positional can be: words, and @ what the script has to ask
/// for. `command` is the one that it belongs to.
Words values_of(const CLI::Option& option, std::string_view command) {
  const std::string name = option.get_single_name();
  const std::string type = option.get_type_name();
  Words values = choices_of(option);
  if (!values.empty()) return values;
  if (name == "segment" || name == "segments") return {"@segments"};
  if (name == "field" || name == "fields") return {"@fields"};
  if (command == "set" && option.get_positional()) return {"@assignments"};
  if (name == "domain") return {"system", "user", "@directories"};
  if (contains(type, "DIR") || name == "include") return {"@directories"};
  if (contains(type, "FILE") || contains(type, ".fbs") || name == "file" || name == "svg") {
    return {"@files"};
  }
  return {"@any"};
}

/// The lines of `case` in which the script looks everything up.
class Lookup {
 public:
  /// `inherited` are the options of the commands around it.
  void add(const CLI::App& app, const std::string& path,
           const std::vector<const CLI::Option*>& inherited) {
    auto options = app.get_options();
    options.insert(options.end(), inherited.begin(), inherited.end());
    Words names;
    for (const auto* option : options) {
      if (option->get_group().empty()) continue;  // hidden
      for (const std::string& name : names_of(*option)) add_once(names, name);
    }
    add_line(path + ":options", names);
    for (const auto* option : app.get_options()) add_values(*option, app.get_name(), path);
    add_positionals(app, path);
    Words commands;
    for (const auto* command :
         app.get_subcommands([](const CLI::App* each) { return !each->get_group().empty(); })) {
      Words names_of_command = command->get_aliases();
      names_of_command.insert(names_of_command.begin(), command->get_name());
      for (const std::string& name : names_of_command) {
        commands.push_back(name);
        add(*command, path.empty() ? name : path + ' ' + name, options);
      }
    }
    if (!commands.empty()) add_line(path + ":commands", commands);
  }

  [[nodiscard]] const std::string& lines() const { return lines_; }

 private:
  static Words names_of(const CLI::Option& option) {
    Words names;
    for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option.get_snames()) names.push_back("-" + name);
    return names;
  }

  static void add_once(Words& words, const std::string& word) {
    if (std::ranges::find(words, word) == words.end()) words.push_back(word);
  }

  /// A flag takes no value, so the script finds nothing for it.
  void add_values(const CLI::Option& option, std::string_view command, const std::string& path) {
    if (option.get_group().empty() || option.get_items_expected_max() == 0) return;
    Words values = values_of(option, command);
    if (option.get_items_expected_max() > 1) values.emplace_back("@more");
    for (const std::string& name : names_of(option)) {
      add_line(fmt::format("{}:{}", path, name), values);
    }
  }

  /// By their number from 1; one that takes any number of words by `+`.
  void add_positionals(const CLI::App& app, const std::string& path) {
    int number = 0;
    for (const auto* option : app.get_options()) {
      if (!option->get_positional()) continue;
      ++number;
      const bool many = option->get_items_expected_max() > 1;
      add_line(many ? path + ":+" : fmt::format("{}:{}", path, number),
               values_of(*option, app.get_name()));
    }
  }

  void add_line(const std::string& key, const Words& words) {
    lines_ += fmt::format("    '{}') printf '%s\\n' {} ;;\n", key, fmt::join(words, " "));
  }

  std::string lines_;
};

// The words of a command line are walked through in one way for both shells. Braces around a name
// before a colon: zsh takes what follows for its modifiers.
constexpr const char* kCommon = R"sh(
# Prints the words that the lookup stands for. Whatever it knows of the command line stands in the
# variables of __evo_shm_candidates.
__evo_shm_values() {
  local value
  while read -r value; do
    case $value in
      @segments) __evo_shm_ask segments ;;
      @fields) __evo_shm_ask fields "$segment" ;;
      @assignments) __evo_shm_ask fields "$segment" | sed 's/$/=/' ;;
      @any | @more) ;;
      *) printf '%s\n' "$value" ;;
    esac
  done
}

__evo_shm_ask() {
  if [[ -n $domain ]]; then
    "$program" --domain "$domain" completion-words "$@" 2>/dev/null
  else
    "$program" completion-words "$@" 2>/dev/null
  fi
}

# Prints what the last of its arguments may become, a line each. @files and @directories are left
# to the shell. The caller has set `program`.
__evo_shm_candidates() {
  local command='' segment='' domain='' option='' number=0 word takes
  while [[ $# -gt 1 ]]; do
    word=$1
    shift
    if [[ -n $option && $word != -* ]]; then
      if [[ $option == --domain ]]; then domain=$word; fi
      case $(__evo_shm_lookup "${command}:$option") in
        *@more*) ;;
        *) option='' ;;
      esac
      continue
    fi
    option=''
    case $word in
      --domain=*) domain=${word#*=} ;;
      -*)
        if [[ -n $(__evo_shm_lookup "${command}:$word") ]]; then option=$word; fi
        ;;
      *)
        if __evo_shm_lookup "${command}:commands" | grep -qxF -e "$word"; then
          command="${command:+$command }$word"
          number=0
        else
          number=$((number + 1))
          takes=$(__evo_shm_lookup "${command}:$number")
          if [[ $takes == @segments ]]; then segment=$word; fi
        fi
        ;;
    esac
  done
  if [[ -n $option && $1 != -* ]]; then
    __evo_shm_lookup "${command}:$option" | __evo_shm_values
  elif [[ $1 == -* ]]; then
    __evo_shm_lookup "${command}:options"
  else
    __evo_shm_lookup "${command}:commands"
    takes=$(__evo_shm_lookup "${command}:$((number + 1))")
    if [[ -z $takes ]]; then takes=$(__evo_shm_lookup "${command}:+"); fi
    printf '%s\n' "$takes" | __evo_shm_values
  fi
}
)sh";

constexpr const char* kBashHead =
    "# shellcheck shell=bash\n"
    "# bash completion of evo-shm, made by: evo-shm completion bash\n";

constexpr const char* kBash = R"sh(
_evo_shm() {
  local program=${COMP_WORDS[0]} current=${COMP_WORDS[COMP_CWORD]} action line i
  local previous=${COMP_WORDS[COMP_CWORD - 1]}
  local -a before=()
  COMPREPLY=()
  # Bash takes an = for a word of its own.
  for ((i = 1; i < COMP_CWORD; ++i)); do
    if [[ ${COMP_WORDS[i]} != '=' ]]; then before+=("${COMP_WORDS[i]}"); fi
  done
  if [[ $current == '=' ]]; then
    previous='='
    current=''
  fi
  # The value of a field may be anything.
  if [[ $previous == '=' && ${#before[@]} -gt 0 && ${before[-1]} != -* ]]; then return; fi
  while IFS= read -r line; do
    case $line in
      @files | @directories)
        compopt -o filenames 2>/dev/null
        action='file'
        if [[ $line == @directories ]]; then action='directory'; fi
        while IFS= read -r line; do COMPREPLY+=("$line"); done \
          < <(compgen -A "$action" -- "$current")
        ;;
      "$current"*)
        if [[ -n $line ]]; then COMPREPLY+=("$line"); fi
        if [[ $line == *= ]]; then compopt -o nospace 2>/dev/null; fi
        ;;
    esac
  done < <(__evo_shm_candidates "${before[@]}" "$current")
}

complete -F _evo_shm evo-shm
)sh";

constexpr const char* kZshHead =
    "#compdef evo-shm\n"
    "# zsh completion of evo-shm, made by: evo-shm completion zsh\n";

constexpr const char* kZsh = R"sh(
_evo-shm() {
  local program=${words[1]} current=${(Q)words[CURRENT]} line
  local -a before=("${(@Q)words[2,CURRENT-1]}") found=()
  if [[ $current == --*=* ]]; then
    before+=("${current%%=*}")
    current=${current#*=}
    compset -P '*='
  elif [[ $current == *=* ]]; then
    return 1  # the value of a field may be anything
  fi
  while IFS= read -r line; do
    case $line in
      @files) _files ;;
      @directories) _files -/ ;;
      *=) compadd -S '' -- "$line" ;;
      ?*) found+=("$line") ;;
    esac
  done < <(__evo_shm_candidates "${before[@]}" "$current")
  compadd -- "${found[@]}"
}

# Loaded by compinit this file is the function itself; otherwise it only declares it.
if [[ ${funcstack[1]} == _evo-shm ]]; then
  _evo-shm "$@"
else
  compdef _evo-shm evo-shm
fi
)sh";

}  // namespace

std::string completion_script(const CLI::App& app, Shell shell) {
  Lookup lookup;
  lookup.add(app, "", {});
  const std::string common =
      "\n# What may follow: after a command, after one of its options, in the place of a "
      "positional.\n__evo_shm_lookup() {\n  case $1 in\n" +
      lookup.lines() + "    ?*:-*) __evo_shm_lookup \":${1#*:}\" ;;\n  esac\n}\n" + kCommon;
  return shell == Shell::Bash ? kBashHead + common + kBash : kZshHead + common + kZsh;
}

}  // namespace evo::tools
