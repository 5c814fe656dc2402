// SPDX-License-Identifier: Apache-2.0
/// What an operation consists of. A new one is a row in the table of one of the files
/// operations_*.cpp; a new file is a row in operations.cpp.
#pragma once

#include <span>
#include <stdexcept>
#include <string>

#include "step.hpp"

namespace evo::test::lifecycle {

class Actor;
class World;

enum class Sort {
  Fair,     ///< what the library offers, or what may happen to any process
  Hostile,  ///< damages files; only in some sequences, and then fewer promises hold
};

struct Operation {
  const char* name;
  unsigned weight;  ///< how often, compared with the others
  Sort sort;
  /// Whether the step makes sense now. Skipped otherwise.
  bool (*applies)(const World&, const Step&);
  /// In the actor's process; nullptr: the driver alone does it, in `judge`.
  void (*perform)(Actor&, const Request&, Reply&);
  /// In the driver: compares the reply with the model and updates the model. Throws Violation.
  void (*judge)(World&, const Step&, const Reply&);
  /// The actor answers only after an operation of another one; `judge` gets an empty reply.
  bool answers_later = false;
};

/// All of them, in the order in which steps number them.
std::span<const Operation> operations();

std::span<const Operation> writer_operations();
std::span<const Operation> reader_operations();
std::span<const Operation> maintenance_operations();
std::span<const Operation> process_operations();
std::span<const Operation> hostile_operations();

/// A promise that the library did not keep.
class Violation : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace evo::test::lifecycle
