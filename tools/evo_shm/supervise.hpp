/// `evo-shm supervise`
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "evo/domain.hpp"

namespace evo::tools {

struct SuperviseArguments {
  bool once = false;
  bool dry_run = false;
  bool simulate = false;
  double grace_s = 10;
  double scan_interval_s = 30;
  double simulation_interval_s = 5;
  std::string log_format = "text";
};

void add_supervise(CLI::App& app, SuperviseArguments& arguments);

/// The exit code.
int run_supervise(const SuperviseArguments& arguments, const Domain& domain);

}  // namespace evo::tools
