// SPDX-License-Identifier: Apache-2.0
/// evo-shm: inspect and repair segments.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <new>
#include <sstream>
#include <string_view>

#include "command.hpp"
#include "decode/suggestion.hpp"
#include "evo/version.hpp"
#include "text/terminal.hpp"

namespace {

using namespace evo::tools;

std::vector<std::string> names_of_commands(CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) {
    names.push_back(command->get_name());
    names.insert(names.end(), command->get_aliases().begin(), command->get_aliases().end());
  }
  return names;
}

std::string version_text() {
  return fmt::format("evo-shm {}", evo::kVersion);
}

/// The word in the place of a command that is not a command.
std::string unknown_command(const std::vector<std::string>& commands, int count, char** arguments) {
  for (int i = 1; i < count; ++i) {
    const std::string word = arguments[i];
    if (word == "--domain" || word == "--format") {
      ++i;  // and its value
    } else if (!word.starts_with('-')) {
      return std::ranges::find(commands, word) == commands.end() ? word : std::string();
    }
  }
  return {};
}

/// A command, and what other tools call it.
struct Synonyms {
  std::string_view command;
  std::string_view elsewhere;  ///< between spaces
};
constexpr std::array kSynonyms{Synonyms{"inspect", " show read get cat dump print "},
                               Synonyms{"list", " ls ps "},
                               Synonyms{"cleanup", " rm remove delete clean "},
                               Synonyms{"set", " write "}, Synonyms{"watch", " tail "}};

std::string no_command(const std::string& word, const std::vector<std::string>& known) {
  for (const auto& [command, elsewhere] : kSynonyms) {
    if (elsewhere.find(fmt::format(" {} ", word)) == std::string_view::npos) continue;
    if (std::ranges::find(known, command) == known.end()) continue;  // below another command
    return fmt::format("there is no command '{}'; use '{}'", word, command);
  }
  return fmt::format("there is no command '{}'{}", word,
                     suggestion(word, known, "evo-shm --help lists them"));
}

/// Opens /dev/null in place of stdin, stdout or stderr if closed, so that no file of a segment can
/// ever receive their numbers. The access mode is reversed: reads and writes there still fail, as
/// before.
void reserve_standard_descriptors() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) != -1) continue;
    // The lowest free number, which is this one.
    static_cast<void>(::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY));
  }
}

/// The unknown option, if that is the error.
std::string unknown_option(const CLI::App& app, const std::vector<std::string>& known) {
  for (const std::string& word : app.remaining(true)) {
    std::string name = word.substr(0, word.find('='));
    if (name.starts_with("--") && std::ranges::find(known, name) == known.end()) return name;
  }
  return "";
}

std::vector<std::string> options_of(const CLI::App& app, const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* each : {&command, &app}) {
    for (const CLI::Option* option : each->get_options({})) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  return names;
}

/// Continuation lines of descriptions are indented.
void print_help_text(std::string_view text) {
  constexpr std::size_t kDescriptions = 30;
  print_text(wrapped_text(text, output_width(), kDescriptions));
}

/// Prints help, or what is wrong with the command line.
ExitCode answer(const CLI::App& app, const CLI::ParseError& error) {
  std::ostringstream text;
  if (app.exit(error, text, text) == 0) {
    print_help_text(text.str());
    return ExitCode::Fine;
  }
  const auto chosen = app.get_subcommands();
  const std::string help =
      fmt::format("see evo-shm {}--help", chosen.empty() ? "" : chosen.front()->get_name() + " ");
  const auto known = options_of(app, chosen.empty() ? app : *chosen.front());
  const std::string option = unknown_option(app, known);
  const bool is_extra = error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError);
  if (is_extra && !option.empty()) {
    return fail(ExitCode::Usage,
                fmt::format("there is no option {}{}", option, suggestion(option, known, help)));
  }
  std::string what = error.what();
  // "--grace: 1 required TEXT:TIME missing"
  if (what.ends_with(" missing") && what.find(": 1 required ") != std::string::npos) {
    what = fmt::format("{} needs a value", what.substr(0, what.find(':')));
  }
  return fail(ExitCode::Usage, fmt::format("{}; {}", what, help));
}

struct None {};

ExitCode print_version(const None&, const Context&) {
  print_text(version_text() + '\n');
  return ExitCode::Fine;
}

struct HelpOptions {
  CLI::App* app = nullptr;
  std::vector<std::string> command;
};

/// Same output as --help of that command.
ExitCode print_help(const HelpOptions& options, const Context&) {
  CLI::App* chosen = options.app;
  std::string name = chosen->get_name();
  for (const std::string& word : options.command) {
    const auto all = chosen->get_subcommands({});
    const auto below =
        std::ranges::find_if(all, [&](CLI::App* each) { return each->check_name(word); });
    if (below == all.end()) {
      return fail(ExitCode::Usage, no_command(word, names_of_commands(*chosen)));
    }
    chosen = *below;
    name += ' ' + chosen->get_name();
  }
  // Not App::help, which would show the help of the command on the command line: this one.
  print_help_text(chosen->get_formatter()->make_help(chosen, name, CLI::AppFormatMode::Normal));
  return ExitCode::Fine;
}

void add_help(Commands& commands) {
  const auto declare = [](CLI::App& command, HelpOptions& options) {
    options.app = command.get_parent();
    command.add_option("command", options.command, "The command; otherwise all of them");
  };
  commands.add<HelpOptions>("help", "What a command does, and its options", declare, print_help);
}

constexpr const char* kExitCodes =
    "Exit codes: 0 fine, 1 found something wrong, 2 usage, 3 not found, 4 mismatch,\n"
    "5 not permitted, 6 busy.";

ExitCode run(int count, char** arguments) {
  CLI::App app("Inspect, diagnose and repair the segments of a domain.", "evo-shm");
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(kExitCodes);
  app.set_version_flag("--version", version_text(), "The version of EVO Channels");
  std::string domain;
  app.add_option("--domain", domain,
                 "The domain: 'system', 'user' or an absolute directory (default: $EVO_DOMAIN)");
  Context context;
  app.add_option_function<std::string>(
         "--format",
         [&context](const std::string& name) {
           if (name != "table" && name != "json") {
             throw CLI::ValidationError(
                 fmt::format("there is no format '{}'; choose table or json", name));
           }
           context.format = name == "json" ? Format::Json : Format::Table;
         },
         "table, or json for programs")
      ->option_text("table|json");
  Commands commands(app);
  for (const auto add :
       {add_list,      add_top,     add_inspect,   add_watch,    add_plot,     add_profile,
        add_readers,   add_schema,  add_diff,      add_validate, add_graph,    add_doctor,
        add_deadlines, add_cleanup, add_recover,   add_set,      add_snapshot, add_pub,
        add_supervise, add_expect,  add_completion}) {
    add(commands);
  }
  add_help(commands);
  commands.add<None>("version", "The version of EVO Channels", nullptr, print_version);
  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& error) {
    const auto known = names_of_commands(app);
    const std::string unknown = unknown_command(known, count, arguments);
    if (!unknown.empty()) return fail(ExitCode::Usage, no_command(unknown, known));
    return answer(app, error);
  }
  context.domain = domain_named(domain);
  context.colours = has_colours();
  context.width = output_width();
  return commands.run_chosen(context);
}

}  // namespace

int main(int count, char** arguments) {
  reserve_standard_descriptors();
  try {
    return static_cast<int>(run(count, arguments));
  } catch (const std::bad_alloc&) {
    // A fixed message, which needs no memory.
    static_cast<void>(
        std::fputs("evo-shm: out of memory; raise the limit, or ask for less\n", stderr));
  } catch (const std::exception& error) {
    return static_cast<int>(
        fail(ExitCode::Wrong, fmt::format("internal error: {}; please report it", error.what())));
  }
  return static_cast<int>(ExitCode::Wrong);
}
