// SPDX-License-Identifier: Apache-2.0
#include "command.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <filesystem>

#include "decode/scalar.hpp"
#include "evo/format.hpp"
#include "evo/text.hpp"
#include "text/json_text.hpp"
#include "text/terminal.hpp"

namespace evo::tools {

ExitCode exit_code_of(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::NotFound:
    case ErrorCode::NotReady:
      return ExitCode::NotFound;
    case ErrorCode::SchemaMismatch:
    case ErrorCode::FormatMismatch:
      return ExitCode::Mismatch;
    case ErrorCode::PermissionDenied:
      return ExitCode::NotPermitted;
    case ErrorCode::SegmentBusy:
    case ErrorCode::ReaderTableFull:
    case ErrorCode::Timeout:
      return ExitCode::Busy;
    case ErrorCode::InvalidName:
    case ErrorCode::InvalidSize:
      return ExitCode::Usage;
    default:
      return ExitCode::Wrong;
  }
}

namespace {

/// Best effort: if stderr cannot be written, the exit code still shows the error.
void print_error(std::string_view message) {
  const std::string line = terminal_text(fmt::format("evo-shm: {}\n", message));
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace

ExitCode fail(const Error& error) {
  return fail(exit_code_of(error.code), fmt::format("{}", error));
}

ExitCode fail(ExitCode code, const std::string& message) {
  std::fflush(stdout);
  print_error(message);
  return code;
}

void print_text(std::string_view raw) {
  const std::string text = terminal_text(raw);
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (written && std::fflush(stdout) == 0) return;
  // A missing reader ends the command silently; other errors, such as a full disk, are reported.
  if (errno != EPIPE) {
    print_error(fmt::format("cannot write the output: {}", std::strerror(errno)));
  }
  std::_Exit(static_cast<int>(ExitCode::Wrong));
}

void sleep_while_read(std::chrono::nanoseconds time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
  const timespec timeout{static_cast<std::time_t>(seconds.count()),
                         static_cast<long>((time - seconds).count())};
  pollfd output{STDOUT_FILENO, 0, 0};  // a pipe without a reader is reported even without requested
                                       // events
  if (::ppoll(&output, 1, &timeout, nullptr) > 0) std::_Exit(static_cast<int>(ExitCode::Wrong));
}

void print_sentences(std::string_view text, const Context& context) {
  print_text(wrapped_text(text, context.width));
}

void print_json(const nlohmann::ordered_json& document) {
  print_text(json_text(document, 2) + '\n');
}

Domain domain_named(const std::string& name) {
  if (name.empty()) return Domain::from_environment();
  if (name == "system") return Domain::system();
  if (name == "user") return Domain::user();
  return Domain(name);
}

Result<void> find_domain(const Domain& domain) {
  if (!domain.path().starts_with('/')) {
    return make_error(
        ErrorCode::InvalidName,
        "domain '{}' is not an absolute path; choose 'system', 'user' or an absolute directory",
        printable(domain.path()));
  }
  std::error_code unknown;
  if (domain == Domain::user() || std::filesystem::exists(domain.path(), unknown) || unknown) {
    return {};
  }
  return make_error(
      ErrorCode::NotFound,
      "there is no domain '{}'; check --domain and EVO_DOMAIN (its first writer creates it)",
      printable(domain.path()));
}

std::string in(const Domain& domain) {
  std::error_code unknown;
  const bool is_there = std::filesystem::exists(domain.path(), unknown) || unknown;
  return fmt::format("in {}{}", printable(domain.path()),
                     is_there
                         ? ""
                         : ", which does not exist (its first writer creates it); check --domain "
                           "and EVO_DOMAIN");
}

void add_former_flag(CLI::App& command, const std::string& name, const std::string& instead) {
  command
      .add_flag_callback(
          name,
          [name, instead] { throw CLI::ValidationError("there is no " + name + ": " + instead); })
      ->group("");  // not in the help
}

CLI::Validator count_validator() {
  return CLI::Validator(
      [](const std::string& text) -> std::string {
        const auto count = parse_number<std::uint64_t>(text);
        return count && *count > 0 ? "" : "'" + text + "' is not a positive whole number";
      },
      "N");
}

CLI::Option* add_segment(CLI::App& command, std::string& segment) {
  return command.add_option("segment", segment, "The segment's name")->required();
}

}  // namespace evo::tools
