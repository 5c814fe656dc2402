// SPDX-License-Identifier: Apache-2.0
/// Every memory order of the shipped protocols that is stronger than relaxed, weakened one at a
/// time: some scenario must notice, or mutants.md must say why none can.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "explorer.hpp"
#include "scenarios.hpp"

namespace evo::model {

struct Mutant {
  Mutation mutation;
  std::string place;   ///< the file and the text of its line: survives edits elsewhere in the file
  std::string change;  ///< as in "store release to relaxed"
};

/// Finds the operations that the scenarios execute, and weakens them.
class Mutants {
 public:
  /// Explores all scenarios once.
  Mutants();

  /// Those of the shipped sources.
  [[nodiscard]] const std::vector<Mutant>& all() const { return mutants_; }

  /// The name of a scenario that notices; nullopt: none does.
  [[nodiscard]] std::optional<std::string> killer_of(const Mutation& mutation) const;
  [[nodiscard]] static bool is_killed_by(const Mutation& mutation, const NamedScenario& scenario);

  /// The lines of the shipped sources that name an order stronger than relaxed and that no scenario
  /// executes, as "file:line".
  [[nodiscard]] std::vector<std::string> unreached() const;

 private:
  struct Reached {
    std::size_t scenario;
    std::size_t states;
    std::set<Site> sites;
  };
  std::vector<Reached> reached_;  // the cheapest first
  std::vector<Mutant> mutants_;
};

/// A row of mutants.md: what became of a mutant, by place and change.
struct Row {
  std::string place;
  std::string change;
  std::string result;  ///< "killed by …", or "survives: …" with the reason
};

std::vector<Row> read_rows();
void write_rows(const std::vector<Row>& rows);

}  // namespace evo::model
