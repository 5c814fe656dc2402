// SPDX-License-Identifier: Apache-2.0
/// The deadline watch: an endpoint counts, one process begins another session, one reads figures.
#include "evo/detail/deadline_recorder.hpp"
#include "maintenance/watch_figures.hpp"
#include "scenarios.hpp"

namespace evo::model {
namespace {

constexpr std::uint64_t kFormerOperations = 5;

/// In both sessions each operation is too slow: in session 1 by its own deadline, in session 2 by
/// the new one.
const Registered kFigures("watch: figures belong to their session and its deadlines", [](Run& run) {
  ControlFile control;
  WatchBlock& block = control.writer_watch;
  control.watch_session = 1;
  control.watch_write_deadline_ns = 1;
  detail::DeadlineRecorder recorder(&control, &block, {.writes = true}, detail::StampClock());
  for (std::uint64_t i = 0; i < kFormerOperations; ++i) {
    recorder.operation_began();
    recorder.record(1000, 2000, 0);
  }
  // Nothing is slow by this deadline, which must not be used any more.
  control.watch_write_deadline_ns = std::uint64_t{1} << 62U;
  // Without the histogram, whose words would only multiply the executions.
  run.share(&control, offsetof(ControlFile, writer_watch) + offsetof(WatchBlock, jitter));
  run.thread([&] {
    recorder.operation_began();
    recorder.record(3000, 4000, 0);
  });
  run.thread([&] {
    control.watch_write_deadline_ns.store(2, std::memory_order_relaxed);
    control.watch_session.store(2, std::memory_order_release);
  });
  EndDeadlines former;
  EndDeadlines later;
  run.thread([&] {
    former = detail::read_figures(block, 1, [] { return true; });
    later = detail::read_figures(block, 2, [] { return true; });
  });
  if (!run.finish()) return;
  run.expect(former.operations == 0 || former.operations >= kFormerOperations,
             "figures of session 1 are partly cleared");
  run.expect(former.slow + 1 >= former.operations, "figures of session 1 are partly cleared");
  run.expect(later.operations <= 1, "figures of session 2 are those of session 1");
  run.expect(block.session != 2 || block.slow == block.operations,
             "session 2 used the deadline of session 1");
});

}  // namespace
}  // namespace evo::model
