/// evo-shm: see, understand and repair segments.
///
/// Exit codes: 0 fine, 1 something is wrong, 2 wrong usage.
#include <signal.h>

#include <CLI/CLI.hpp>

#include "deadlines.hpp"
#include "evo/domain.hpp"
#include "supervise.hpp"

namespace {

/// "system", "user" or a directory, as EVO_DOMAIN may say.
evo::Domain domain_named(const std::string& name) {
  if (name.empty()) return evo::Domain::from_environment();
  if (name == "system") return evo::Domain::system();
  if (name == "user") return evo::Domain::user();
  return evo::Domain(name);
}

}  // namespace

int main(int count, char** arguments) {
  CLI::App app("See, understand and repair the segments of a domain.", "evo-shm");
  app.require_subcommand(1);
  std::string domain;
  app.add_option("--domain", domain,
                 "The domain: 'system', 'user' or an absolute directory (default: $EVO_DOMAIN)");
  app.fallthrough();
  evo::tools::SuperviseArguments supervise;
  evo::tools::add_supervise(app, supervise);
  evo::tools::DeadlinesArguments deadlines;
  evo::tools::add_deadlines(app, deadlines);
  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (app.got_subcommand("deadlines")) {
    return evo::tools::run_deadlines(deadlines, domain_named(domain));
  }
  return evo::tools::run_supervise(supervise, domain_named(domain));
}
