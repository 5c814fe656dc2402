// SPDX-License-Identifier: Apache-2.0
/// evo-shm under test: its output on stdout and stderr, its exit code, and its golden files.
///
/// Golden files are in tests/tools/golden; UPDATE_GOLDEN=1 rewrites them.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>

#include "child_process.hpp"
#include "temporary_domain.hpp"

namespace evo::test {

struct ToolAnswer {
  int code = -1;    ///< exit code, or minus the signal that ended it
  std::string out;  ///< stdout
  std::string err;  ///< stderr
};

/// Runs a program until it ends.
inline ToolAnswer run_program(const std::string& path, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), path);
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  Pipe output;
  // A file, so that neither pipe can fill up while the other one is read.
  std::FILE* errors = std::tmpfile();
  const pid_t pid = ::fork();
  if (pid < 0 || errors == nullptr) throw std::runtime_error("cannot start " + path);
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::unsetenv("COLUMNS");  // set for the terminal that the tests run in
    ::dup2(output.writing(), STDOUT_FILENO);
    ::dup2(::fileno(errors), STDERR_FILENO);
    ::execv(pointers[0], pointers.data());
    ::_exit(127);
  }
  output.close_writing();
  ToolAnswer answer;
  answer.out = output.read_all();
  int status = 0;
  ::waitpid(pid, &status, 0);
  answer.code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  std::rewind(errors);
  for (int c = std::fgetc(errors); c != EOF; c = std::fgetc(errors)) {
    answer.err += static_cast<char>(c);
  }
  std::fclose(errors);
  return answer;
}

/// Tests of evo-shm derive from this: a separate domain, and the tool in it.
class ToolTest : public testing::Test {
 protected:
  [[nodiscard]] Domain domain() const { return directory_.domain(); }

  [[nodiscard]] ToolAnswer run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"--domain", directory_.path().string()});
    return run_program(EVO_SHM, std::move(arguments));
  }

  /// Replaces everything that differs between runs: the domain, pids, programs, times, and with
  /// them the widths of the columns.
  [[nodiscard]] std::string steady(std::string text) const {
    const auto replace = [&](const std::string& pattern, const std::string& by) {
      text = std::regex_replace(text, std::regex(pattern), by);
    };
    replace(directory_.path().string(), "DOMAIN");
    replace("/[-_./a-zA-Z0-9]*/tools_tests", "PROGRAM");
    replace("pid [0-9]+", "pid PID");
    replace(R"re(("(pid|uid)": )[0-9]+)re", "$1PID");
    replace(R"((evo_[a-z_]+_)[0-9]+\b)", "$1PID");
    replace(R"re((incarnation(": | ))[0-9]+)re", "$1TOKEN");
    replace(R"(("[a-z_]*_ns": )[0-9]+)", "$1TIME");
    replace(R"(("rate_hz": )[-+.e0-9]+)", "$1RATE");
    replace(R"([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8})", "DATE");
    replace(R"(\b[0-9]+(\.[0-9]+)?(e[-+0-9]+)? (ns|us|ms|s|min|h|d)\b)", "TIME");
    replace(R"([-+.e0-9]+ a second)", "RATE a second");
    replace("  +", "  ");
    return text;
  }

  /// Compares with golden/NAME, line by line.
  static void expect_golden(const std::string& name, const std::string& text) {
    const std::string path = std::string(EVO_TOOLS_GOLDEN) + "/" + name;
    const char* update = std::getenv("UPDATE_GOLDEN");
    if (update != nullptr && *update == '1') {
      std::ofstream(path) << text;
      return;
    }
    std::ifstream file(path);
    ASSERT_TRUE(file) << "no golden file " << name << "; create it with UPDATE_GOLDEN=1";
    const std::string golden{std::istreambuf_iterator<char>(file), {}};
    EXPECT_EQ(text, golden) << "if this is right, run tools_tests again with UPDATE_GOLDEN=1";
  }

  TemporaryDomain directory_;
};

}  // namespace evo::test
