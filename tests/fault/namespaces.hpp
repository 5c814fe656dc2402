// SPDX-License-Identifier: Apache-2.0
/// Processes in separate kernel namespaces.
#pragma once

#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "child_process.hpp"

namespace evo::test {

/// Why this process cannot create such namespaces (CLONE_NEWPID, …); empty if it can.
inline std::string namespace_obstacle(int flags) {
  return in_child([&]() -> std::string {
           if (::unshare(flags) == 0) return "";
           return std::string("cannot create a namespace: ") + std::strerror(errno);
         })
      .text;
}

/// Call this in a child, because it moves the caller partly into the new namespaces. Calls
/// `prepare()`, then runs `body()` in the first process of the namespaces and returns its result.
template <class Prepare, class Body>
std::string run_in_namespaces(int flags, Prepare&& prepare, Body&& body) {
  if (::unshare(flags) != 0) return std::string("unshare: ") + std::strerror(errno);
  prepare();
  Pipe report;
  const pid_t first = ::fork();
  if (first < 0) return std::string("fork: ") + std::strerror(errno);
  if (first == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    try {
      report.write(std::forward<Body>(body)());
    } catch (const std::exception& error) {
      report.write(std::string("exception: ") + error.what());
    }
    ::_exit(0);
  }
  report.close_writing();
  std::string text = report.read_all();
  ::waitpid(first, nullptr, 0);
  return text;
}

template <class Body>
std::string run_in_namespaces(int flags, Body&& body) {
  return run_in_namespaces(
      flags, [] {}, std::forward<Body>(body));
}

}  // namespace evo::test
