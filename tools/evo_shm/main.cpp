/// evo-shm: see, understand and repair segments.
#include <map>

#include "command.hpp"
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

constexpr const char* kExitCodes =
    "Exit codes: 0 fine, 1 found something wrong, 2 usage, 3 not found, 4 mismatch,\n"
    "5 not permitted, 6 busy.";

}  // namespace

int main(int count, char** arguments) {
  CLI::App app("See, understand and repair the segments of a domain.", "evo-shm");
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(kExitCodes);
  std::string domain;
  app.add_option("--domain", domain,
                 "The domain: 'system', 'user' or an absolute directory (default: $EVO_DOMAIN)");
  Context context;
  app.add_option("--format", context.format, "table, or json for programs")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, Format>{{"table", Format::Table}, {"json", Format::Json}}))
      ->option_text("table|json");
  Commands commands(app);
  for (const auto add : {add_list, add_inspect, add_watch, add_readers, add_schema, add_diff,
                         add_validate, add_graph, add_deadlines, add_supervise, add_completion}) {
    add(commands);
  }
  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(ExitCode::Usage);
  }
  context.domain = domain_named(domain);
  context.colours = has_colours();
  return static_cast<int>(commands.run_chosen(context));
}
