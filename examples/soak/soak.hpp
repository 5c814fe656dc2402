// SPDX-License-Identifier: Apache-2.0
/// The machine cell under load, with modules and readers killed at random moments.
///
///   warm-up, with kills | quiet, first count | kills | quiet, second count | end, third count
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "demo/cell.hpp"
#include "demo/private_domain.hpp"
#include "soak/cell_reader.hpp"
#include "soak/process_figures.hpp"

namespace evo::machine {

struct SoakOptions {
  double seconds = 180;
  unsigned seed = 1;
  bool real_time = true;
};

/// Additional memory that a process may use after the warm-up: an allocator may retain this much.
inline constexpr std::uint64_t kResidentGrowth = std::uint64_t{1} << 20;

/// A process that lives through the whole run.
struct LongLived {
  std::string name;
  ProcessFigures before = {};  ///< after the warm-up
  ProcessFigures after = {};
};

/// Results of a run.
struct SoakResult {
  double seconds = 0;
  std::vector<std::pair<std::string, std::uint64_t>> kills;  ///< by name
  std::uint64_t stalls = 0;  ///< values that became too old, for whatever reason
  std::uint64_t misses = 0;  ///< those caused by the writer; see StaleWatch
  std::uint64_t reads = 0;
  std::uint64_t taken = 0;     ///< values of the streams
  std::uint64_t torn = 0;      ///< seen by the readers that lived to the end; the others log an
                               ///< error
  std::uint64_t vanished = 0;  ///< the same
  std::uint64_t broken = 0;    ///< the same: stream values whose sequence numbers do not add up
  std::uint64_t listings = 0;
  std::uint64_t commands = 0;
  std::vector<LongLived> long_lived;
  std::size_t files_before = 0;
  std::size_t files_after = 0;
  std::vector<std::string> leftovers;  ///< files still in the domain after all processes have ended
  std::vector<std::string> errors;     ///< error lines of the processes, and other failures
  std::uint64_t more_errors = 0;       ///< those beyond the first kErrorsKept

  static constexpr std::size_t kErrorsKept = 20;
  void add_error(std::string error);
};

/// The failures, one sentence each; empty: the run was successful.
[[nodiscard]] std::vector<std::string> judge(const SoakResult& result);

/// The figures, line by line.
[[nodiscard]] std::vector<std::string> summarize(const SoakResult& result);

class Soak {
 public:
  /// All arguments must outlive it. `program` is this program, which is also started as the reader.
  Soak(const SoakOptions& options, const PrivateDomain& domain, Cell& cell,
       std::filesystem::path program);

  /// Runs to the end or to a stop signal. Returns an error if it cannot continue.
  [[nodiscard]] tl::expected<void, std::string> go();

  /// Ends all processes and counts what they left behind.
  [[nodiscard]] SoakResult finish();

 private:
  static constexpr std::array<const char*, 3> kWriters = {"hal_core", "control_unit",
                                                          "recipe_executor"};
  static constexpr std::size_t kReaders = 3;  // the first of them lives through the whole run

  [[nodiscard]] tl::expected<void, std::string> start_readers();
  [[nodiscard]] tl::expected<void, std::string> come_up();
  [[nodiscard]] tl::expected<void, std::string> pass(std::uint64_t duration_ns, bool with_kills);
  [[nodiscard]] tl::expected<void, std::string> kill_one();
  void watch();
  [[nodiscard]] tl::expected<void, std::string> look_around(std::uint64_t now_ns);
  void take_reader_lines(ChildProcess& reader);
  void take_own_lines();
  void count(bool after);
  [[nodiscard]] std::uint64_t random(std::uint64_t lowest, std::uint64_t highest);

  const SoakOptions& options_;
  const PrivateDomain& domain_;
  Cell& cell_;
  std::filesystem::path program_;
  std::mt19937 random_;
  std::vector<std::string> own_log_;
  Log log_;
  CellReader reader_;
  std::vector<StaleWatch> watches_;
  std::vector<ChildProcess> readers_;
  SoakResult result_;
  std::uint64_t began_ns_ = 0;
  std::uint64_t next_kill_ns_ = 0;
  std::uint64_t next_look_ns_ = 0;
  std::uint64_t next_command_ns_ = 0;
  std::uint64_t next_line_ns_ = 0;
};

}  // namespace evo::machine
