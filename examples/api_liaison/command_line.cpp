// SPDX-License-Identifier: Apache-2.0
#include "api_liaison/command_line.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <sstream>

namespace evo::machine {

tl::expected<void, std::string> parse_command(std::span<const std::string> words,
                                              cell::api::CommandsConfig& config) {
  if (words.size() == 1 && words[0] == "start") {
    config.command = cell::api::Command::Start;
    return {};
  }
  if (words.size() == 1 && words[0] == "stop") {
    config.command = cell::api::Command::Stop;
    return {};
  }
  if (words.size() == 2 && words[0] == "setpoint") {
    char* end = nullptr;
    const float percent = std::strtof(words[1].c_str(), &end);
    if (*end != '\0' || !(percent >= 0 && percent <= 100)) {
      return tl::unexpected(
          fmt::format("'setpoint' needs a number from 0 to 100, not '{}'", words[1]));
    }
    config.command = cell::api::Command::SetSetpoint;
    config.setpoint = percent;
    return {};
  }
  return tl::unexpected(
      fmt::format("there is no command '{}'; write start, stop, setpoint N, events or trace",
                  fmt::join(words, " ")));
}

std::vector<std::string> split_words(std::string_view line) {
  std::istringstream stream{std::string(line)};
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

}  // namespace evo::machine
