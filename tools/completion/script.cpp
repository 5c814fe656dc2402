// SPDX-License-Identifier: Apache-2.0
#include "completion/script.hpp"

namespace evo::tools {

namespace {

constexpr std::string_view kBash = R"sh(# shellcheck shell=bash
# bash completion of evo-shm, made by: evo-shm completion bash
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
      *)
        COMPREPLY+=("$line")
        if [[ $line == *= ]]; then compopt -o nospace 2>/dev/null; fi
        ;;
    esac
  done < <("$program" completion-words -- "${before[@]}" "$current" 2>/dev/null)
}

complete -F _evo_shm evo-shm
)sh";

constexpr std::string_view kZsh = R"sh(#compdef evo-shm
# zsh completion of evo-shm, made by: evo-shm completion zsh
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
  done < <("$program" completion-words -- "${before[@]}" "$current" 2>/dev/null)
  compadd -- "${found[@]}"
}

# Loaded by compinit this file is the function itself; otherwise it only declares it.
if [[ ${funcstack[1]} == _evo-shm ]]; then
  _evo-shm "$@"
else
  compdef _evo-shm evo-shm
fi
)sh";

constexpr std::string_view kFish =
    R"sh(# fish completion of evo-shm, made by: evo-shm completion fish
function __evo_shm_words
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l before $words[2..-1]
    set -l prefix ''
    if string match -qr -- '^--[^=]+=' $current
        set prefix (string replace -r -- '=.*' '=' $current)
        set -a before (string replace -r -- '=.*' '' $current)
        set current (string replace -r -- '^[^=]*=' '' $current)
    else if string match -q -- '*=*' $current
        return # the value of a field may be anything
    end
    for line in ($words[1] completion-words -- $before "$current" 2>/dev/null)
        switch $line
            case @files
                string replace -r -- '^' "$prefix" (__fish_complete_path "$current")
            case @directories
                string replace -r -- '^' "$prefix" (__fish_complete_directories "$current" '')
            case '*'
                printf '%s\n' "$prefix$line"
        end
    end
end

complete -c evo-shm -f -a '(__evo_shm_words)'
)sh";

}  // namespace

std::string_view completion_script(Shell shell) noexcept {
  switch (shell) {
    case Shell::Bash:
      return kBash;
    case Shell::Zsh:
      return kZsh;
    case Shell::Fish:
      return kFish;
  }
  return {};
}

}  // namespace evo::tools
