// SPDX-License-Identifier: Apache-2.0
#include "soak/cell_reader.hpp"
#include "evo/cycle.hpp"

#include <cstdlib>

#include "common/stop_signal.hpp"

namespace evo::machine {

namespace {

template <class In>
StaleWatch::Look look_at(const In& input) {
  if (!input.has_value()) return {};
  return {
      .sequence = input.sequence(), .age_ns = input.age_ns(), .writer_alive = input.writer_alive()};
}

}  // namespace

CellReader::CellReader(const Log& log, const Domain& domain)
    : input_(log, domain),
      control_(log, domain),
      output_(log, domain),
      commands_(log, domain, Written::AtTimes),
      events_(log, domain),
      trace_(log, domain) {}

void CellReader::poll() {
  input_.poll();
  control_.poll();
  output_.poll();
  commands_.poll();
  events_.poll();
  trace_.poll();
}

void CellReader::detach() {
  input_.detach();
  control_.detach();
  output_.detach();
  commands_.detach();
  events_.detach();
  trace_.detach();
}

bool CellReader::cell_is_up() const noexcept {
  return input_.fresh() && control_.fresh() && output_.fresh();
}

std::array<StaleWatch::Look, 3> CellReader::looks() const {
  return {look_at(input_), look_at(control_), look_at(output_)};
}

InputStatistics CellReader::statistics() const {
  InputStatistics all = input_.statistics();
  all += control_.statistics();
  all += output_.statistics();
  all += commands_.statistics();
  return all;
}

int run_reader(const Domain& domain) {
  const Log log("reader");
  CellReader reader(log, domain);
  for ([[maybe_unused]] const Cycle& cycle :
       cycles(std::chrono::milliseconds(1), {}, stop_flag())) {
    reader.poll();
  }
  const InputStatistics inputs = reader.statistics();
  log.info("summary", {{"reads", inputs.reads},
                       {"torn", inputs.torn},
                       {"vanished", inputs.vanished},
                       {"taken", reader.taken()},
                       {"broken", reader.broken()}});
  return EXIT_SUCCESS;
}

}  // namespace evo::machine
