// SPDX-License-Identifier: Apache-2.0
/// The four modules of the machine cell as child processes.
#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "demo/child_process.hpp"
#include "evo/error.hpp"

namespace evo::machine {

struct CellOptions {
  std::filesystem::path programs;  ///< directory of the modules
  std::filesystem::path domain;
  std::filesystem::path recipe;
  double recipe_speed = 1;
  double command_timeout_seconds = 2;  ///< of api_liaison
  bool real_time = true;
};

/// What a module reported about itself.
struct ModuleReport {
  std::string name;
  std::map<std::string, std::string> started;  ///< fields of its line `event=started`
  std::map<std::string, std::string> summary;  ///< fields of its line `event=summary`
  std::vector<std::string> errors;             ///< its lines `level=error`
  std::string failure;                         ///< how it ended, empty if successfully

  /// A number from the summary; 0 if there is none.
  [[nodiscard]] std::uint64_t number(const std::string& key) const;
};

/// Whether a line of a module reports a problem; a sanitizer or a library may write lines of its
/// own.
[[nodiscard]] bool tells_of_trouble(const std::string& line);

class Cell {
 public:
  /// Starts the four modules. Their segments and `trouble()` show whether they work.
  [[nodiscard]] static tl::expected<Cell, std::string> start(const CellOptions& options);

  /// Passes a command to api_liaison.
  void command(std::string_view line) const { child("api_liaison").send_line(line); }

  /// Kills a module with SIGKILL, and restarts it as soon as it is dead. Returns the report of the
  /// killed process.
  [[nodiscard]] tl::expected<ModuleReport, std::string> restart(std::string_view name);
  /// The same for hal_core; the report of the killed process is kept for `stop`.
  [[nodiscard]] tl::expected<void, std::string> restart_hal_core();

  [[nodiscard]] pid_t pid(std::string_view name) const { return child(name).pid(); }

  /// Reads the modules' output; returns the reason if a module has ended on its own.
  [[nodiscard]] std::optional<std::string> trouble();

  /// Reads and discards the modules' output, except the errors, which it returns.
  [[nodiscard]] std::vector<std::string> take_errors();

  /// Ends the modules with SIGTERM, and those that do not end within a few seconds with SIGKILL.
  /// Returns their reports, that of the killed hal_core first.
  [[nodiscard]] std::vector<ModuleReport> stop();

 private:
  struct Module {
    std::string name;
    ChildProcess process;
  };

  explicit Cell(CellOptions options) : options_(std::move(options)) {}
  [[nodiscard]] tl::expected<ChildProcess, std::string> start_module(const std::string& name) const;
  [[nodiscard]] const ChildProcess& child(std::string_view name) const;

  CellOptions options_;
  std::vector<Module> modules_;
  std::vector<ModuleReport> former_lives_;
};

}  // namespace evo::machine
