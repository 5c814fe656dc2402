// SPDX-License-Identifier: Apache-2.0
#include "harness/arguments.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <exception>

#include "harness/cores.hpp"

namespace evo::bench {

int run_benchmark(int count, char** values, const Question& question, const std::string& about,
                  const std::function<void(Answer&, const Arguments&)>& ask) {
  Arguments arguments;
  CLI::App app(about);
  app.add_option("--rounds", arguments.rounds, "How often each case is measured")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_flag("--json", arguments.json, "Print JSON in place of a table");
  app.add_flag("!--no-peers", arguments.peers, "Measure no other libraries");
  app.add_flag("--quick", arguments.quick, "Only the cases that are compared every day");
  try {
    app.parse(count, values);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (usable_cores().size() < 2) {
    fmt::print(stderr, "{}_bench: needs two cores; taskset or the container leaves it one\n",
               question.name);
    return 1;
  }
  try {
    Answer answer(question, arguments.json);
    ask(answer, arguments);
    answer.finish();
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}_bench: {}\n", question.name, error.what());
    return 1;
  }
  return 0;
}

}  // namespace evo::bench
