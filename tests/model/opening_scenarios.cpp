// SPDX-License-Identifier: Apache-2.0
/// A reader attaches while a writer closes the segment and its successor recreates it.
#include "evo/detail/waiting.hpp"
#include "protocol/opening.hpp"
#include "scenarios.hpp"

namespace evo::model {
namespace {

constexpr std::uint64_t kSuccessor = 2;

const Registered kFormerClose(
    "opening: a close before the attach is not seen after it", [](Run& run) {
      ControlFile control;
      control.generation = 1;
      control.phase = SegmentPhase::Open;
      run.share(control);
      const std::size_t writer =
          run.thread([&] { control.phase.store(SegmentPhase::Closed, std::memory_order_release); });
      run.after(writer, [&] {
        detail::open_segment(control, kSuccessor, 1);
        control.phase.store(SegmentPhase::Closed, std::memory_order_release);
      });
      bool closed_before = false;
      run.thread([&] {
        const detail::Announcement found = detail::look_up(control);
        if (found.phase != SegmentPhase::Open || found.generation != kSuccessor) return;
        const bool closed = detail::epoch_of(control).phase == SegmentPhase::Closed;
        closed_before = closed && detail::epoch_of(control).phase == SegmentPhase::Open;
      });
      if (!run.finish()) return;
      run.expect(!closed_before, "a reader takes a former writer's close for that of its own");
    });

const Registered kRecorded("opening: a reader knows what the writer recorded", [](Run& run) {
  constexpr auto kProtocol = static_cast<std::uint32_t>(WakeProtocol::Membarrier);
  ControlFile control;
  run.share(control);
  run.thread([&] {
    control.wake_protocol.store(kProtocol, std::memory_order_relaxed);
    detail::open_segment(control, kSuccessor, 1);
  });
  bool reader_knows = true;
  run.thread([&] {
    if (detail::look_up(control).generation != kSuccessor) return;
    reader_knows = control.wake_protocol.load(std::memory_order_relaxed) == kProtocol;
  });
  bool cleaner_knows = true;
  run.thread([&] {
    if (control.phase.load(std::memory_order_acquire) != SegmentPhase::Open) return;
    cleaner_knows = control.current.load(std::memory_order_relaxed) == 1;
  });
  if (!run.finish()) return;
  run.expect(reader_knows, "a reader does not know how to wake the writer");
  run.expect(cleaner_knows, "a process that cleans up finds a phase without its data file");
});

}  // namespace
}  // namespace evo::model
