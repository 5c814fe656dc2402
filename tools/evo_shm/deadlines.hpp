/// `evo-shm deadlines start|stop|show NAME`
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "evo/deadline_watch.hpp"
#include "evo/domain.hpp"

namespace evo::tools {

enum class DeadlinesAction { Start, Stop, Show };

struct DeadlinesArguments {
  DeadlinesAction action = DeadlinesAction::Show;
  std::string segment;
  std::string deadline = "0ns";
  std::string write_deadline = "1ms";
  std::string read_deadline = "100us";
};

void add_deadlines(CLI::App& app, DeadlinesArguments& arguments);

/// The exit code.
int run_deadlines(const DeadlinesArguments& arguments, const Domain& domain);

}  // namespace evo::tools
