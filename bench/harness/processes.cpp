// SPDX-License-Identifier: Apache-2.0
#include "harness/processes.hpp"

#include <fmt/format.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "harness/cores.hpp"

namespace evo::bench {

namespace {

pid_t start(const Process& process) {
  const pid_t child = ::fork();
  if (child < 0) give_up("fork failed");
  if (child != 0) return child;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  pin_to_core(process.core);
  try {
    process.body();
  } catch (const std::exception& error) {
    give_up(error.what());
  }
  // Not _exit: the runtime of a peer unregisters from its daemon in a static destructor.
  std::exit(0);
}

}  // namespace

void Barrier::wait_for(std::uint32_t processes) {
  // acq_rel and acquire: every process that continues sees what the others did before they arrived.
  const std::uint32_t place = arrived_.fetch_add(1, std::memory_order_acq_rel);
  const std::uint32_t full = (place / processes + 1) * processes;
  while (arrived_.load(std::memory_order_acquire) < full) ::sched_yield();
}

void run_together(const std::vector<Process>& processes) {
  std::fflush(nullptr);
  std::vector<pid_t> children;
  children.reserve(processes.size());
  for (const Process& process : processes) children.push_back(start(process));
  bool failed = false;
  for (std::size_t left = children.size(); left != 0;) {
    // In the order in which they end: if one fails, the others may wait for it forever.
    int status = 0;
    const pid_t ended = ::waitpid(-1, &status, 0);
    if (ended < 0) break;
    // It may also be the daemon of a peer.
    if (std::find(children.begin(), children.end(), ended) == children.end()) continue;
    --left;
    if (status != 0 && !failed) {
      failed = true;
      for (const pid_t child : children) ::kill(child, SIGKILL);
    }
  }
  if (failed) throw std::runtime_error("a measured process failed");
}

void give_up(const std::string& why) {
  fmt::print(stderr, "{}: {}\n", ::program_invocation_short_name, why);
  std::fflush(nullptr);
  ::_exit(1);
}

}  // namespace evo::bench
