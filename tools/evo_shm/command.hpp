// SPDX-License-Identifier: Apache-2.0
/// Common parts of all evo-shm commands: declaration, domain, output format, and exit codes.
#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "evo/domain.hpp"
#include "evo/error.hpp"
#include "evo/segment_info.hpp"
#include "text/wrap.hpp"

namespace evo::tools {

/// The result of a command.
enum class ExitCode : std::uint8_t {
  Fine = 0,
  Wrong = 1,  ///< a problem was found, or the command failed
  Usage = 2,
  NotFound = 3,
  Mismatch = 4,
  NotPermitted = 5,
  Busy = 6,
};

/// The exit code for an error.
[[nodiscard]] ExitCode exit_code_of(ErrorCode code) noexcept;

enum class Format : std::uint8_t { Table, Json };

/// The values of the global options.
struct Context {
  Domain domain = Domain::from_environment();
  Format format = Format::Table;
  bool colours = false;
  std::size_t width = kUnlimitedWidth;  ///< columns available for text

  [[nodiscard]] bool json() const { return format == Format::Json; }
};

/// Prints "evo-shm: " and the error on stderr; returns its exit code.
ExitCode fail(const Error& error);
ExitCode fail(ExitCode code, const std::string& message);

/// Prints a JSON document on stdout. Text that is not UTF-8 is printed with replacement characters.
void print_json(const nlohmann::ordered_json& document);

/// Prints text on stdout and flushes it, filtered by terminal_text(). Ends the process quietly if
/// stdout has no reader.
void print_text(std::string_view text);

/// The same for sentences: wrapped to the width of the terminal.
void print_sentences(std::string_view text, const Context& context);

/// Sleeps. Ends the process quietly if stdout no longer has a reader, as with `head`.
void sleep_while_read(std::chrono::nanoseconds time);

/// The domain named by the value of --domain: "system", "user" or a directory; if empty, the one in
/// EVO_DOMAIN.
[[nodiscard]] Domain domain_named(const std::string& name);

/// NotFound if the domain's directory does not exist, for example because it is misspelled. The
/// user domain may be missing: its first use creates it.
[[nodiscard]] Result<void> find_domain(const Domain& domain);

/// "in DIRECTORY", and what to do if it does not exist: the end of a "not found" message.
[[nodiscard]] std::string in(const Domain& domain);

/// The declared commands, and the chosen one.
class Commands {
 public:
  explicit Commands(CLI::App& app) : app_(&app) {}

  /// Declares a command. `declare(app, options)` adds its options; `act(options, context)` runs it
  /// with their values.
  template <class Options>
  CLI::App* add(const std::string& name, const std::string& what,
                void (*declare)(CLI::App&, Options&),
                ExitCode (*act)(const Options&, const Context&)) {
    return add_to(*app_, name, what, declare, act);
  }

  /// The same as a subcommand of another command.
  template <class Options>
  CLI::App* add_to(CLI::App& parent, const std::string& name, const std::string& what,
                   void (*declare)(CLI::App&, Options&),
                   ExitCode (*act)(const Options&, const Context&)) {
    CLI::App* command = parent.add_subcommand(name, what);
    auto options = std::make_shared<Options>();
    if (declare != nullptr) declare(*command, *options);
    command->callback([this, options, act] {
      chosen_ = [options, act](const Context& context) { return act(*options, context); };
    });
    return command;
  }

  /// A command that only has subcommands.
  CLI::App& add_group(const std::string& name, const std::string& what) {
    CLI::App* group = app_->add_subcommand(name, what);
    group->require_subcommand(1);
    return *group;
  }

  /// Runs the command chosen on the command line.
  [[nodiscard]] ExitCode run_chosen(const Context& context) const { return chosen_(context); }

 private:
  CLI::App* app_;
  std::function<ExitCode(const Context&)> chosen_;
};

/// A removed option: using it is an error that names its replacement.
void add_former_flag(CLI::App& command, const std::string& name, const std::string& instead);

/// For options that are counts: a whole number from 1 on.
CLI::Validator count_validator();

/// The segment name, the first argument of most commands.
CLI::Option* add_segment(CLI::App& command, std::string& segment);

// One file each.
void add_cleanup(Commands& commands);
void add_completion(Commands& commands);
void add_deadlines(Commands& commands);
void add_diff(Commands& commands);
void add_doctor(Commands& commands);
void add_expect(Commands& commands);
void add_graph(Commands& commands);
void add_inspect(Commands& commands);
void add_list(Commands& commands);
void add_plot(Commands& commands);
void add_profile(Commands& commands);
void add_pub(Commands& commands);
void add_readers(Commands& commands);
void add_recover(Commands& commands);
void add_schema(Commands& commands);
void add_set(Commands& commands);
void add_snapshot(Commands& commands);
void add_supervise(Commands& commands);
void add_top(Commands& commands);
void add_validate(Commands& commands);
void add_watch(Commands& commands);

}  // namespace evo::tools
