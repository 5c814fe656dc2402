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

namespace evo::cell {

struct CellOptions {
  std::filesystem::path programs;  ///< directory of the modules
  std::filesystem::path domain;
  std::filesystem::path recipe;
  double recipe_speed = 1;
  double command_timeout_seconds = 2;  ///< of api_liaison
  bool real_time = true;
};

/// What a module has said of itself.
struct ModuleReport {
  std::string name;
  std::map<std::string, std::string> started;  ///< fields of its line `event=started`
  std::map<std::string, std::string> summary;  ///< fields of its line `event=summary`
  std::vector<std::string> errors;             ///< its lines `level=error`
  std::string failure;                         ///< how it ended, unless well

  /// A number from the summary; 0 if there is none.
  [[nodiscard]] std::uint64_t number(const std::string& key) const;
};

/// Whether a line of a module tells of trouble; a sanitizer or a library may write lines of its
/// own.
[[nodiscard]] bool tells_of_trouble(const std::string& line);

class Cell {
 public:
  /// Starts the four. Whether they get on is to be seen in their segments and by `trouble()`.
  [[nodiscard]] static tl::expected<Cell, std::string> start(const CellOptions& options);

  /// Hands a command to api_liaison.
  void command(std::string_view line) const { child("api_liaison").send_line(line); }

  /// Kills a module with SIGKILL, and starts it again as soon as it is dead. Returns what it had
  /// said.
  [[nodiscard]] tl::expected<ModuleReport, std::string> restart(std::string_view name);
  /// The same with hal_core; what it had said is kept for `stop`.
  [[nodiscard]] tl::expected<void, std::string> restart_hal_core();

  [[nodiscard]] pid_t pid(std::string_view name) const { return child(name).pid(); }

  /// Hears the modules, and says what is wrong if one of them has ended by itself.
  [[nodiscard]] std::optional<std::string> trouble();

  /// Hears the modules and forgets what they have said, but for the errors, which it returns.
  [[nodiscard]] std::vector<std::string> take_errors();

  /// Ends them with SIGTERM; those that do not end within some seconds with SIGKILL. Returns what
  /// they have said, hal_core's first life first.
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

}  // namespace evo::cell
