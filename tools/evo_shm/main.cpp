/// evo-shm: see, understand and repair segments.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "command.hpp"
#include "decode/suggestion.hpp"
#include "text/terminal.hpp"

namespace {

using namespace evo::tools;

/// "system", "user" or a directory, as EVO_DOMAIN may say.
evo::Domain domain_named(const std::string& name) {
  if (name.empty()) return evo::Domain::from_environment();
  if (name == "system") return evo::Domain::system();
  if (name == "user") return evo::Domain::user();
  return evo::Domain(name);
}

std::vector<std::string> names_of_commands(CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

/// The word that should be a command and is none.
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

/// Puts something in the place of those of stdin, stdout and stderr that are closed, so that no
/// file of a segment ever comes to bear their number. Opened the wrong way round: whoever reads or
/// writes there is told, as before.
void reserve_standard_descriptors() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) != -1) continue;
    // The lowest that is free, which is this one.
    static_cast<void>(::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY));
  }
}

/// Help, or what is wrong with the command line.
ExitCode answer(const CLI::App& app, const CLI::ParseError& error) {
  std::ostringstream text;
  if (app.exit(error, text, text) == 0) {
    print_text(text.str());
    return ExitCode::Fine;
  }
  const auto chosen = app.get_subcommands();
  const std::string command = chosen.empty() ? "" : chosen.front()->get_name() + " ";
  return fail(ExitCode::Usage, fmt::format("{}; see evo-shm {}--help", error.what(), command));
}

constexpr const char* kExitCodes =
    "Exit codes: 0 fine, 1 found something wrong, 2 usage, 3 not found, 4 mismatch,\n"
    "5 not permitted, 6 busy.";

}  // namespace

int main(int count, char** arguments) {
  reserve_standard_descriptors();
  CLI::App app("See, understand and repair the segments of a domain.", "evo-shm");
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(kExitCodes);
  app.set_version_flag("--version", "evo-shm " EVO_VERSION, "The version of EVO Channels");
  std::string domain;
  app.add_option("--domain", domain,
                 "The domain: 'system', 'user' or an absolute directory (default: $EVO_DOMAIN)");
  Context context;
  app.add_option("--format", context.format, "table, or json for programs")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, Format>{{"table", Format::Table}, {"json", Format::Json}}))
      ->option_text("table|json");
  Commands commands(app);
  for (const auto add :
       {add_list, add_top, add_inspect, add_watch, add_plot, add_profile, add_readers, add_schema,
        add_diff, add_validate, add_graph, add_doctor, add_deadlines, add_cleanup, add_recover,
        add_set, add_snapshot, add_supervise, add_completion}) {
    add(commands);
  }
  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& error) {
    const auto known = names_of_commands(app);
    const std::string unknown = unknown_command(known, count, arguments);
    if (error.get_exit_code() != 0 && !unknown.empty()) {
      const std::string meant = suggestion(unknown, known, "evo-shm --help lists them");
      return static_cast<int>(
          fail(ExitCode::Usage, fmt::format("there is no command '{}'{}", unknown, meant)));
    }
    return static_cast<int>(answer(app, error));
  }
  context.domain = domain_named(domain);
  context.colours = has_colours();
  return static_cast<int>(commands.run_chosen(context));
}
