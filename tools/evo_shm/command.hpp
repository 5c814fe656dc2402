/// What all commands of evo-shm have in common: how they are declared, where they look, in what
/// form they answer, and how they end.
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

/// How a command ends.
enum class ExitCode : std::uint8_t {
  Fine = 0,
  Wrong = 1,  ///< it found something wrong, or could not do what it should
  Usage = 2,
  NotFound = 3,
  Mismatch = 4,
  NotPermitted = 5,
  Busy = 6,
};

/// The exit code that an error stands for.
[[nodiscard]] ExitCode exit_code_of(ErrorCode code) noexcept;

enum class Format : std::uint8_t { Table, Json };

/// What the options that come before every command say.
struct Context {
  Domain domain = Domain::from_environment();
  Format format = Format::Table;
  bool colours = false;
  std::size_t width = kUnlimitedWidth;  ///< columns that text for people should fit into

  [[nodiscard]] bool json() const { return format == Format::Json; }
};

/// Prints "evo-shm: " and the error on stderr; gives its exit code.
ExitCode fail(const Error& error);
ExitCode fail(ExitCode code, const std::string& message);

/// Prints a JSON document on stdout. Text that is no UTF-8 comes out with replacements.
void print_json(const nlohmann::ordered_json& document);

/// Prints text on stdout, at once, as terminal_text() lets it pass. Ends the process quietly if
/// nothing reads it.
void print_text(std::string_view text);

/// The same for sentences: wrapped where the terminal is narrower.
void print_sentences(std::string_view text, const Context& context);

/// Sleeps. Ends the process quietly if nothing reads stdout any more, as `head` after its lines.
void sleep_while_read(std::chrono::nanoseconds time);

/// The domain that the value of --domain names: "system", "user" or a directory; empty: as
/// EVO_DOMAIN says.
[[nodiscard]] Domain domain_named(const std::string& name);

/// NotFound if the domain's directory does not exist, as a mistyped one does not. The user's own is
/// made by its first use, and so may be missing.
[[nodiscard]] Result<void> find_domain(const Domain& domain);

/// "in DIRECTORY", and what to do where there is none: behind a word of what is not in it.
[[nodiscard]] std::string in(const Domain& domain);

/// NotFound with the names in the domain that were likely meant; any other error as it is.
[[nodiscard]] Error with_suggestion(Error error, const Domain& domain, std::string_view name);

/// The commands as they are declared, and the one that was asked for.
class Commands {
 public:
  explicit Commands(CLI::App& app) : app_(&app) {}

  /// Declares a command. `declare(app, options)` adds its options, which `act(options, context)`
  /// gets when it was asked for.
  template <class Options>
  CLI::App* add(const std::string& name, const std::string& what,
                void (*declare)(CLI::App&, Options&),
                ExitCode (*act)(const Options&, const Context&)) {
    return add_to(*app_, name, what, declare, act);
  }

  /// The same below another command.
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

  /// A command that only has commands below it.
  CLI::App& add_group(const std::string& name, const std::string& what) {
    CLI::App* group = app_->add_subcommand(name, what);
    group->require_subcommand(1);
    return *group;
  }

  /// Runs the one that the command line asked for.
  [[nodiscard]] ExitCode run_chosen(const Context& context) const { return chosen_(context); }

 private:
  CLI::App* app_;
  std::function<ExitCode(const Context&)> chosen_;
};

/// An option that there was once: using it is an error that says what to use now.
void add_former_flag(CLI::App& command, const std::string& name, const std::string& instead);

/// For options that count something: a whole number from 1 on.
CLI::Validator count_validator();

/// The option that most commands begin with.
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
