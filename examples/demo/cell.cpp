// SPDX-License-Identifier: Apache-2.0
#include "demo/cell.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "common/log.hpp"
#include "evo/format.hpp"

namespace evo::machine {

namespace {

constexpr std::array kModules = {"hal_core", "control_unit", "recipe_executor", "api_liaison"};

/// Time limit for a module to end. A killed process ends when its threads of lowest priority have
/// run once more, which takes a while on a busy computer.
constexpr std::chrono::seconds kPatience{60};

ModuleReport report_of(const std::string& name, ChildProcess& process) {
  process.drain();
  ModuleReport report{.name = name, .started = {}, .summary = {}, .errors = {}, .failure = {}};
  for (const std::string& line : process.lines()) {
    auto fields = parse_log_line(line);
    if (tells_of_trouble(line)) report.errors.push_back(line);
    if (fields["event"] == "started")
      report.started = std::move(fields);
    else if (fields["event"] == "summary")
      report.summary = std::move(fields);
  }
  report.failure = process.failure();
  return report;
}

}  // namespace

bool tells_of_trouble(const std::string& line) {
  auto fields = parse_log_line(line);
  return fields["level"] == "error" || !fields.contains("event");
}

std::uint64_t ModuleReport::number(const std::string& key) const {
  const auto found = summary.find(key);
  return found == summary.end() ? 0 : std::strtoull(found->second.c_str(), nullptr, 10);
}

tl::expected<Cell, std::string> Cell::start(const CellOptions& options) {
  Cell cell(options);
  for (const char* name : kModules) {
    auto process = cell.start_module(name);
    if (!process) return tl::unexpected(process.error());
    cell.modules_.push_back({name, std::move(*process)});
  }
  return cell;
}

tl::expected<ChildProcess, std::string> Cell::start_module(const std::string& name) const {
  std::vector<std::string> arguments = {"--domain", options_.domain.string()};
  if (name == "recipe_executor") {
    arguments.insert(arguments.end(), {"--recipe", options_.recipe.string()});
  }
  if (name == "api_liaison") {
    arguments.insert(arguments.end(),
                     {"--speed", fmt::format("{}", options_.recipe_speed), "--timeout",
                      fmt::format("{}", options_.command_timeout_seconds)});
  } else if (!options_.real_time) {
    arguments.emplace_back("--no-real-time");
  }
  return ChildProcess::start(options_.programs / name, arguments, name == "api_liaison");
}

const ChildProcess& Cell::child(std::string_view name) const {
  return std::find_if(modules_.begin(), modules_.end(),
                      [&](const Module& module) { return module.name == name; })
      ->process;
}

tl::expected<ModuleReport, std::string> Cell::restart(std::string_view name) {
  Module& module = *std::find_if(modules_.begin(), modules_.end(),
                                 [&](const Module& one) { return one.name == name; });
  module.process.signal(SIGKILL);
  if (!module.process.wait(kPatience)) {
    return tl::unexpected(fmt::format("{} outlived SIGKILL", name));
  }
  auto process = start_module(module.name);
  if (!process) return tl::unexpected(process.error());
  // Its report is read after the restart, so as not to delay it.
  ModuleReport report = report_of(fmt::format("{}, killed", name), module.process);
  report.failure.clear();
  module.process = std::move(*process);
  return report;
}

tl::expected<void, std::string> Cell::restart_hal_core() {
  auto report = restart("hal_core");
  if (!report) return tl::unexpected(report.error());
  former_lives_.push_back(std::move(*report));
  return {};
}

std::vector<std::string> Cell::take_errors() {
  std::vector<std::string> errors;
  for (Module& module : modules_) {
    module.process.drain();
    for (std::string& line : module.process.take_lines()) {
      if (tells_of_trouble(line)) errors.push_back(std::move(line));
    }
  }
  return errors;
}

std::optional<std::string> Cell::trouble() {
  for (Module& module : modules_) {
    module.process.drain();
    if (module.process.running()) continue;
    const ModuleReport report = report_of(module.name, module.process);
    return fmt::format("{} has ended by itself ({}){}{}", module.name,
                       report.failure.empty() ? "exit code 0" : report.failure,
                       report.errors.empty() ? "" : ": ", fmt::join(report.errors, "; "));
  }
  return std::nullopt;
}

std::vector<ModuleReport> Cell::stop() {
  for (const Module& module : modules_) module.process.signal(SIGTERM);
  std::vector<ModuleReport> reports = std::move(former_lives_);
  for (Module& module : modules_) {
    if (!module.process.wait(kPatience)) {
      module.process.signal(SIGKILL);
      module.process.wait(kPatience);
    }
    reports.push_back(report_of(module.name, module.process));
  }
  return reports;
}

}  // namespace evo::machine
