// SPDX-License-Identifier: Apache-2.0
/// api_liaison: takes commands from its command line, or line by line from its input, and publishes
/// them in commands_config. Also prints the streams of the cell.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>

#include "api_liaison/command_line.hpp"
#include "api_liaison/line_source.hpp"
#include "api_liaison/stream_printer.hpp"
#include "commands_config.evo.hpp"
#include "common/input.hpp"
#include "common/module.hpp"
#include "common/output.hpp"
#include "common/stop_signal.hpp"
#include "control_state.evo.hpp"
#include "evo/clock.hpp"
#include "evo/cycle.hpp"
#include "evo/format.hpp"
#include "phys_output_io.evo.hpp"

namespace evo::machine {
namespace {

using cell::api::CommandsConfig;
using Recipe = Input<cell::recipe::PhysOutputIoReader>;
using Control = Input<cell::control::ControlStateReader>;

struct LiaisonOptions {
  ModuleOptions module;
  double recipe_speed = 1;
  double proportional_gain = 0;
  double integral_gain = 0;
  double timeout_seconds = 2;
  double count = 1e18;
};

/// Sends commands in order, and checks that each is accepted.
class Liaison {
 public:
  Liaison(const Log& log, Output<cell::api::CommandsConfigWriter>& output, const Domain& domain,
          const LiaisonOptions& options)
      : log_(log),
        output_(output),
        recipe_(log, domain),
        control_(log, domain),
        timeout_(options.timeout_seconds) {
    config_.recipe_speed = static_cast<float>(options.recipe_speed);
    config_.proportional_gain = static_cast<float>(options.proportional_gain);
    config_.integral_gain = static_cast<float>(options.integral_gain);
  }

  /// Returns whether recipe_executor has accepted the command and, if control_unit is running,
  /// whether that has accepted the gains.
  bool send(std::span<const std::string> words) {
    if (auto parsed = parse_command(words, config_); !parsed) {
      log_.error("bad_command", {{"error", parsed.error()}});
      return false;
    }
    if (!wait_until([this] { return recipe_.fresh() && recipe_.writer_alive(); })) {
      log_.error("no_recipe_executor",
                 {{"error", "phys_output_io is absent or stale; start recipe_executor"}});
      return false;
    }
    config_.command_number = std::max(config_.command_number, recipe_.value().accepted_command) + 1;
    if (const auto written = output_.publish(config_); !written) {
      log_.error("cannot_write", {{"error", written.error()}});
      return false;
    }
    const bool accepted = wait_until([this] {
      const std::uint64_t number = config_.command_number;
      return recipe_.value().accepted_command == number &&
             (!control_.writer_alive() || !control_.has_value() ||
              control_.value().accepted_command == number);
    });
    const std::initializer_list<LogField> fields = {{"number", config_.command_number},
                                                    {"command", to_string(config_.command)}};
    if (accepted) {
      log_.info("accepted", fields);
    } else {
      log_.error("not_accepted", fields);
    }
    return accepted;
  }

  [[nodiscard]] InputStatistics statistics() const {
    InputStatistics all = recipe_.statistics();
    all += control_.statistics();
    return all;
  }

 private:
  template <class Condition>
  [[nodiscard]] bool wait_until(Condition condition) {
    const std::uint64_t start_ns = monotonic_ns();
    const auto timeout_ns = static_cast<std::uint64_t>(timeout_ * 1e9);
    for (const Cycle& cycle : cycles(std::chrono::milliseconds(1), {}, stop_flag())) {
      recipe_.poll();
      control_.poll();
      if (condition()) return true;
      if (cycle.began_ns() - start_ns >= timeout_ns) break;
    }
    return false;
  }

  const Log& log_;
  Output<cell::api::CommandsConfigWriter>& output_;
  Recipe recipe_;
  Control control_;
  double timeout_;
  CommandsConfig config_;
};

bool names_stream(const std::vector<std::string>& words) {
  return words.size() == 1 && (words[0] == "events" || words[0] == "trace");
}

/// Prints a stream; this needs no segment of our own.
bool print(const Log& log, const LiaisonOptions& options, const std::string& stream) {
  const Domain domain = options.module.domain();
  const std::chrono::nanoseconds wait(static_cast<std::int64_t>(options.timeout_seconds * 1e9));
  const auto most = static_cast<std::uint64_t>(options.count);
  return stream == "events" ? print_stream<cell::control::EventLogReader>(log, domain, wait, most)
                            : print_stream<cell::hal::TraceIoReader>(log, domain, wait, most);
}

int run(const Log& log, const LiaisonOptions& options, const std::vector<std::string>& words) {
  if (names_stream(words)) {
    return print(log, options, words[0]) ? EXIT_SUCCESS : EXIT_FAILURE;
  }
  const Domain domain = options.module.domain();
  auto output = Output<cell::api::CommandsConfigWriter>::create(domain);
  if (!output) {
    log.error("cannot_create", {{"error", output.error()}});
    return EXIT_FAILURE;
  }
  Liaison liaison(log, *output, domain, options);
  bool all_accepted = true;
  if (!words.empty()) {
    all_accepted = liaison.send(words);
  } else {
    LineSource lines(STDIN_FILENO);
    while (const auto line = lines.next()) {
      const auto line_words = split_words(*line);
      if (!line_words.empty()) all_accepted = liaison.send(line_words) && all_accepted;
    }
  }
  const InputStatistics inputs = liaison.statistics();
  log.info("summary", {{"commands", output->latency().count()},
                       {"reads", inputs.reads},
                       {"retries", inputs.retries},
                       {"contended", inputs.contended},
                       {"torn", inputs.torn},
                       {"vanished", inputs.vanished}});
  return all_accepted ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char** argv) {
  LiaisonOptions options;
  Arguments arguments("api_liaison", "[options] [start | stop | setpoint N | events | trace]",
                      "Brings commands into the machine cell: writes commands_config, and reads\n"
                      "phys_output_io and control_state to see that they are accepted.");
  arguments.number("speed", "run the recipe so many times as fast as written (default: 1)",
                   options.recipe_speed, 0.001, 1000);
  arguments.number("proportional-gain", "of the controller (default: 0, its built-in one)",
                   options.proportional_gain, 0, 1000);
  arguments.number("integral-gain", "of the controller, in 1/s (default: 0, its built-in one)",
                   options.integral_gain, 0, 1000);
  arguments.number("timeout", "seconds to wait for acceptance (default: 2)",
                   options.timeout_seconds, 0, 3600);
  arguments.number("count", "end after so many values of a stream (default: at Ctrl-C)",
                   options.count, 1, 1e18);
  options.module.add_domain_to(arguments);
  arguments.epilogue(
      "start       run the recipe from its first step\n"
      "stop        end it and hold the actuator at zero\n"
      "setpoint N  hold N percent, outside any recipe\n"
      "events      print the stream event_log of control_unit, from its oldest value on\n"
      "trace       print the stream trace_io of hal_core\n\n"
      "Without a command it reads commands from its input, one a line, until that ends.\n"
      "Exit code: 0 if all commands were accepted, else 1; 2 for wrong usage.");
  if (const auto exit_code = arguments.parse(argc, argv)) return *exit_code;
  if (!arguments.words().empty() && !names_stream(arguments.words())) {
    CommandsConfig ignored;
    if (const auto good = parse_command(arguments.words(), ignored); !good) {
      return arguments.mistake(good.error());
    }
  }
  catch_stop_signals();
  return run(Log("api_liaison"), options, arguments.words());
}

}  // namespace
}  // namespace evo::machine

int main(int argc, char** argv) {
  return evo::machine::main(argc, argv);
}
