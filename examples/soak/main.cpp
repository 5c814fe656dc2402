// SPDX-License-Identifier: Apache-2.0
/// cell_soak: runs the machine cell under load, kills its modules and readers at random moments,
/// and reports whether anything was missed, torn or left behind.
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <thread>

#include "common/arguments.hpp"
#include "common/stop_signal.hpp"
#include "evo/format.hpp"
#include "soak/soak.hpp"

namespace evo::machine {
namespace {

namespace fs = std::filesystem;

/// Threads that work without a pause, at the lowest priority.
class Load {
 public:
  explicit Load(int threads) {
    const StopSignalsBlocked blocked;
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;
  ~Load() {
    // relaxed: pairs with the load in run(); the joins order everything else.
    stop_.store(true, std::memory_order_relaxed);
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  void run() const {
    constexpr int kLast = 19;
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kLast);
    // relaxed: pairs with the store in the destructor.
    while (!stop_.load(std::memory_order_relaxed)) {
    }
  }

  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

int run(const SoakOptions& options, const CellOptions& cell_options, const PrivateDomain& domain,
        const fs::path& program) {
  fmt::print("domain {}, seed {}\n", domain.path().string(), options.seed);
  auto cell = Cell::start(cell_options);
  if (!cell) {
    fmt::print(stderr, "cell_soak: {}\n", cell.error());
    return EXIT_FAILURE;
  }
  Soak soak(options, domain, *cell, program);
  const auto done = soak.go();
  SoakResult result = soak.finish();
  if (stop_requested()) {
    fmt::print(stderr, "cell_soak: interrupted\n");
    return 128 + stop_signal();
  }
  if (!done) result.add_error(done.error());
  for (const std::string& line : summarize(result)) fmt::print("{}\n", line);
  const std::vector<std::string> faults = judge(result);
  for (const std::string& fault : faults) fmt::print("  FAILED           {}\n", fault);
  if (faults.empty()) fmt::print("  result           nothing missed, torn or left behind\n");
  return faults.empty() ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char** argv) {
  SoakOptions options;
  double minutes = 3;
  int seed = -1;
  int load = static_cast<int>(std::thread::hardware_concurrency());
  std::string read_domain;
  Arguments arguments(
      "cell_soak", "[options]",
      "Runs the machine cell under load, kills its modules and readers with SIGKILL at\n"
      "random moments, starts them again, and tells whether anything was missed, torn\n"
      "or left behind.");
  arguments.number("minutes", "length of the run (default: 3)", minutes, 0.2, 10'000);
  arguments.whole_number("seed", "of the kills (default: a new one each time)", seed, 0,
                         1'000'000'000);
  arguments.whole_number("load", "busy threads of lowest priority (default: one per core)", load, 0,
                         1024);
  arguments.flag("no-real-time", "let the modules ask for neither SCHED_FIFO nor locked memory",
                 options.real_time, false);
  arguments.text("read", "DIR", "be one of the readers; cell_soak starts them itself", read_domain);
  arguments.epilogue(
      "Exit code: 0 if nothing was wrong, else 1; 2 for wrong usage; 128 and the signal's number\n"
      "if a signal ended it.");
  if (const auto exit_code = arguments.parse(argc, argv)) return *exit_code;
  if (!arguments.words().empty()) return arguments.mistake("it takes options only");
  catch_stop_signals();
  if (!read_domain.empty()) return run_reader(Domain(read_domain));
  options.seconds = minutes * 60;
  options.seed = seed >= 0 ? static_cast<unsigned>(seed) : std::random_device{}() % 1'000'000'000;
  const fs::path program = fs::read_symlink("/proc/self/exe");
  const fs::path programs = program.parent_path();
  const auto domain = PrivateDomain::make();
  if (!domain) {
    fmt::print(stderr, "cell_soak: {}\n", domain.error());
    return EXIT_FAILURE;
  }
  const Load working(load);
  return run(options,
             {.programs = programs,
              .domain = domain->path(),
              .recipe = programs / "cell_recipe.json",
              .command_timeout_seconds = 10,
              .real_time = options.real_time},
             *domain, program);
}

}  // namespace
}  // namespace evo::machine

int main(int argc, char** argv) {
  return evo::machine::main(argc, argv);
}
