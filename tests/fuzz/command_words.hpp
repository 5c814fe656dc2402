// SPDX-License-Identifier: Apache-2.0
/// The words of a command line: from the bytes of a fuzzer, and at random from the man page.
#pragma once

#include <algorithm>
#include <fstream>
#include <iterator>
#include <random>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace evo::fuzz {

using Words = std::vector<std::string>;

/// One word per line; a zero stands for a newline in a word.
inline Words words_of(std::string_view text) {
  Words words;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    words.emplace_back(text.substr(0, end));
    std::ranges::replace(words.back(), '\0', '\n');
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return words;
}

inline std::string text_of(const Words& words) {
  std::string text;
  for (std::string word : words) {
    std::ranges::replace(word, '\n', '\0');
    text += word + '\n';
  }
  return text;
}

inline void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
}

/// Where a path may begin in a word.
inline std::vector<std::size_t> path_starts(const std::string& word) {
  std::vector<std::size_t> starts{0};
  if (word.starts_with("-I")) starts.push_back(2);
  for (std::size_t i = word.size(); i > 0; --i) {
    if (word[i - 1] == '=') starts.push_back(i);
  }
  std::ranges::sort(starts, std::greater<>());
  return starts;
}

/// Keeps a command in `root`: an `@` is that directory, other paths are relative, none goes up.
/// The domains of this machine are out of reach, and --exec runs `true`.
inline Words confined(Words words, const std::string& root) {
  for (std::string& word : words) {
    replace_all(word, "../", "__/");
    replace_all(word, "/..", "/__");
    replace_all(word, "@..", "@__");
    for (const std::size_t start : path_starts(word)) {
      const std::string_view rest = std::string_view(word).substr(start);
      if (rest == "system" || rest == "user") word += '_';
      if (rest.starts_with('/')) word[start] = '_';
      if (rest == "..") word[start] = '_';
      if (rest.starts_with('@')) word.replace(start, 1, root + '/');
    }
  }
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i].starts_with("--exec=")) words[i] = "--exec=true";
    if (words[i] == "--exec" && i + 1 < words.size()) words[i + 1] = "true";
  }
  return words;
}

/// Options, commands and values: those of the man page, and odd ones.
inline Words vocabulary(const std::string& man_page) {
  std::ifstream file(man_page);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::set<std::string> found;
  const std::regex pattern(R"re((Fl -|Ic |Cm |Fl )([A-Za-z][-A-Za-z]*))re");
  for (std::sregex_iterator match(text.begin(), text.end(), pattern), end; match != end; ++match) {
    const std::string kind = (*match)[1];
    found.insert((kind == "Fl -" ? "--" : kind == "Fl " ? "-" : "") + (*match)[2].str());
  }
  Words words(found.begin(), found.end());
  for (const char* word : {"gantry",
                           "touch",
                           "orphan",
                           "Gantry!",
                           "gantry:cycle",
                           "cycle",
                           "axes[0].position",
                           "axes[3].position",
                           "axes",
                           "axes[",
                           "axes[99999999999999999999]",
                           "power",
                           "temperatures[1]",
                           "cycle=1",
                           "axes[0].position=-501",
                           "offset=1e400",
                           "temperatures=1,2,3",
                           "power=Drives",
                           "cycle==1",
                           "axes[0].state!=Idle",
                           "cycle>=",
                           "offset=0..9/1s",
                           "offset=9..",
                           "start",
                           "stop",
                           "show",
                           "save",
                           "load",
                           "bash",
                           "zsh",
                           "fish",
                           "gantry.fbs",
                           "switches.fbs",
                           "cell.json",
                           "-",
                           "--",
                           "@domain",
                           "@work",
                           "@other",
                           "--domain=@domain",
                           "--format=json",
                           "domain",
                           "",
                           " ",
                           "0",
                           "1",
                           "-1",
                           "1ms",
                           "2ms",
                           "0s",
                           "-1s",
                           "1e9",
                           "nan",
                           "inf",
                           "1e400",
                           "99999999999999999999",
                           "18446744073709551615",
                           "9223372036854775807ns",
                           "250us",
                           "\x1b[2J",
                           "\xff\xfe",
                           "\xe2\x80\xae",
                           "ü",
                           "\x7f",
                           "%s%n",
                           "=",
                           "=1",
                           "a=",
                           "'",
                           "\"",
                           "--=",
                           "-h"}) {
    words.emplace_back(word);
  }
  words.emplace_back(300, 'a');
  words.emplace_back(5000, '9');
  words.emplace_back(70'000, 'x');
  return words;
}

/// Changes a few words of a command line.
inline void mutate(Words& words, const Words& vocabulary, std::minstd_rand& random) {
  const auto below = [&](std::size_t end) { return random() % end; };
  const auto any = [&]() -> const std::string& { return vocabulary[below(vocabulary.size())]; };
  for (std::size_t changes = 1 + below(3); changes > 0; --changes) {
    const std::size_t at = below(words.size() + 1);
    const auto place = words.begin() + static_cast<std::ptrdiff_t>(at);
    if (at == words.size() || below(3) == 0) {
      words.insert(place, any());
      continue;
    }
    switch (below(4)) {
      case 0:
        *place = any();
        break;
      case 1:
        words.erase(place);
        break;
      case 2:
        words.push_back(std::string(*place));
        break;
      default:
        std::swap(*place, words[below(words.size())]);
    }
  }
}

}  // namespace evo::fuzz
