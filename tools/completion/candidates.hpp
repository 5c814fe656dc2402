// SPDX-License-Identifier: Apache-2.0
/// Candidates for the next word of an evo-shm command line, derived from the commands themselves.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace evo::tools {

struct Candidates {
  /// Paths that the shell adds itself.
  enum class Paths : std::uint8_t { None, Directories, Files };

  std::vector<std::string> words;
  Paths paths = Paths::None;
};

/// Names that have to be looked up in a domain. `domain` is the value of --domain on the line,
/// empty without it. Both return nothing if the lookup fails.
struct NamesInDomain {
  std::function<std::vector<std::string>(const std::string& domain)> segments;
  std::function<std::vector<std::string>(const std::string& domain, const std::string& segment)>
      fields;
};

/// Candidates that complete the last of `words`, which may be empty. `words` are the words after
/// the program name; `app` is the program. Hidden commands and options stay hidden. A name with
/// characters that are special to a shell is omitted, so no schema can run a command in it.
[[nodiscard]] Candidates candidates_for(const CLI::App& app, std::span<const std::string> words,
                                        const NamesInDomain& names);

}  // namespace evo::tools
