#include "evo/detail/stream_publisher.hpp"

#include <algorithm>
#include <ctime>

#include "evo/clock.hpp"
#include "kernel_lock.hpp"

namespace evo::detail {

namespace {

/// A reader that keeps up makes room sooner than a sleep takes.
constexpr std::uint64_t kSpinNs = 100'000;
constexpr std::uint64_t kShortestSleepNs = 50'000;
constexpr std::uint64_t kLongestSleepNs = 2'000'000;

void pause() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

void sleep_for(std::uint64_t ns) noexcept {
  const timespec time{static_cast<time_t>(ns / 1'000'000'000U),
                      static_cast<long>(ns % 1'000'000'000U)};
  ::nanosleep(&time, nullptr);
}

}  // namespace

std::optional<StreamReaderPlace> StreamPublisher::slowest_reader() const noexcept {
  const Sequence next = geometry_.after(ring_.sequence(), 1);
  const std::uint64_t capacity = geometry_.count - 1;
  // relaxed: whoever has raised it since is one whose cursor fence [Q] did not promise, either.
  const std::uint32_t used =
      std::min(control_->entries_used.load(std::memory_order_relaxed), table_size_);
  std::optional<StreamReaderPlace> slowest;
  for (std::uint32_t i = 0; i < used; ++i) {
    const ReaderEntry& entry = control_->readers()[i];
    step(Step::WriterLoadCursor);
    // acquire [R]: pairs with the reader's release store [S]. What is filled into the slots
    // that this cursor gives free comes after the reader's last look at them.
    const std::uint64_t cursor = entry.cursor.load(std::memory_order_acquire);
    // relaxed: stored before the cursor; of another data file, it is not about these slots.
    if (cursor == 0 || entry.generation.load(std::memory_order_relaxed) != generation_) continue;
    // More than the capacity only if it reads what was there before it came, which nobody keeps
    // for it. It may also wait for a value that is still to come.
    const std::uint64_t unread = geometry_.is_after(next, cursor / 2)
                                     ? std::min(geometry_.distance(cursor / 2, next), capacity)
                                     : 0;
    if (slowest && unread <= slowest->unread) continue;
    // relaxed: advice.
    slowest = StreamReaderPlace{i, unread, entry.pid.load(std::memory_order_relaxed)};
  }
  return slowest;
}

bool StreamPublisher::look_for_room() noexcept {
  const std::uint64_t capacity = geometry_.count - 1;
  if (overflow_ == Overflow::Overwrite) {
    room_ = kNoLimit;
    return true;
  }
  // seq_cst fence [Q]: pairs with fence [P] of a reader that attaches. Either the loads in
  // the look see its cursor, or it sees every publish before this look.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  const auto slowest = slowest_reader();
  // As if the newest value were always unread: by I2 it is for whoever attaches next.
  room_ = capacity - std::max<std::uint64_t>(1, slowest ? slowest->unread : 0);
  if (room_ != 0) return true;
  return drop_if_dead(slowest->index) && look_for_room();
}

bool StreamPublisher::drop_if_dead(std::uint32_t index) noexcept {
  const auto locked = try_lock(control_fd_, reader_lock_byte(index));
  if (!locked || !*locked) return false;
  // Nobody can take the entry meanwhile (I2 of the control file).
  // relaxed, both: the lock orders them for whoever takes the entry next.
  control_->readers()[index].cursor.store(0, std::memory_order_relaxed);
  control_->readers()[index].pid.store(0, std::memory_order_relaxed);
  unlock(control_fd_, reader_lock_byte(index));
  return true;
}

std::optional<WriteError> StreamPublisher::make_room(std::chrono::nanoseconds timeout) noexcept {
  if (const auto refused = ring_.refusal()) return refused;
  if (look_for_room()) return std::nullopt;
  if (timeout <= std::chrono::nanoseconds::zero()) return WriteError::WouldBlock;
  const auto budget = static_cast<std::uint64_t>(timeout.count());
  const std::uint64_t start = monotonic_ns();
  std::uint64_t pause_ns = kShortestSleepNs;
  while (true) {
    const std::uint64_t elapsed = monotonic_ns() - start;
    if (elapsed >= budget) return WriteError::Timeout;
    if (elapsed < kSpinNs) {
      pause();
    } else {
      sleep_for(std::min(pause_ns, budget - elapsed));
      pause_ns = std::min(2 * pause_ns, kLongestSleepNs);
    }
    if (ring_.fenced()) return WriteError::Fenced;
    if (look_for_room()) return std::nullopt;
  }
}

std::optional<Sequence> find_last_of_stream(const SegmentHeader& header, const std::byte* slots,
                                            const SlotGeometry& geometry) noexcept {
  const auto version_of = [&](Sequence n) {
    // acquire: pairs with the dead writer's completing store [D]; the kernel's release of its
    // lock has ordered everything it stored anyway.
    return reinterpret_cast<const Word*>(slots + geometry.index_of(n) * geometry.stride)
        ->load(std::memory_order_acquire);
  };
  // acquire: likewise, with its publishing store [E].
  const std::uint64_t version = header.version.load(std::memory_order_acquire);
  Sequence last = version / 2;
  if (version % 2 != 0 || last >= geometry.sequence_limit()) return std::nullopt;
  // A batch is announced before it comes round to the slot that the header names.
  const bool never_written = last == 0 && version_of(0) == kNeverFilled;
  if (!never_written && version_of(last) != complete(last)) return std::nullopt;
  for (std::uint32_t row = 0; row < geometry.count; ++row) {
    const Sequence next = geometry.after(last, 1);
    if (version_of(next) != complete(next)) return last;
    last = next;
  }
  return std::nullopt;
}

}  // namespace evo::detail
