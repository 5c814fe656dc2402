/// What may come next on a command line of evo-shm, found from the commands themselves.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace evo::tools {

struct Candidates {
  /// What the shell has to add by itself.
  enum class Paths : std::uint8_t { None, Directories, Files };

  std::vector<std::string> words;
  Paths paths = Paths::None;
};

/// The names that only a look into a domain gives. `domain` is the value of --domain on the line,
/// empty without it. Both give nothing where they cannot look.
struct NamesInDomain {
  std::function<std::vector<std::string>(const std::string& domain)> segments;
  std::function<std::vector<std::string>(const std::string& domain, const std::string& segment)>
      fields;
};

/// What the last of `words`, which may be empty, may become. `words` are those after the program's
/// name; `app` is the program. Hidden commands and options stay hidden, and a name with characters
/// that mean something to a shell is left out: no schema can run a command in it.
[[nodiscard]] Candidates candidates_for(const CLI::App& app, std::span<const std::string> words,
                                        const NamesInDomain& names);

}  // namespace evo::tools
