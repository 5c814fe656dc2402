// SPDX-License-Identifier: Apache-2.0
#include "hal_core/worker.hpp"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "evo/clock.hpp"
#include "evo/format.hpp"

namespace evo::machine {

namespace {

constexpr auto kPwmPeriodNs =
    static_cast<std::uint64_t>(std::chrono::nanoseconds(Worker::kPwmPeriod).count());

/// A pulse shorter than this takes less time than waking the thread.
constexpr std::uint64_t kShortestPulseNs = 20'000;

/// Has about nine times the weight of ordinary load.
constexpr int kPreferredNice = -10;

/// A sample whose three clock readings are within this time counts as simultaneous.
constexpr std::uint64_t kOneMomentNs = 50'000;
constexpr int kSampleAttempts = 3;

std::uint64_t to_ns(const timespec& time) {
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000U +
         static_cast<std::uint64_t>(time.tv_nsec);
}

tl::unexpected<Error> no_clock(int system_errno) {
  return tl::unexpected(
      Error{.code = ErrorCode::Io,
            .message = fmt::format("cannot read the worker thread's processor clock: {}; this "
                                   "kernel has to support CLOCK_THREAD_CPUTIME_ID",
                                   std::strerror(system_errno)),
            .system_errno = system_errno});
}

/// CPU-bound work.
void work_a_little() {
  static thread_local volatile std::uint64_t state = 1;  // volatile: otherwise the compiler would
                                                         // remove the work
  std::uint64_t value = state;
  for (int i = 0; i < 1000; ++i) {
    value ^= value << 13;
    value ^= value >> 7;
    value ^= value << 17;
  }
  state = value;
}

void sleep_until_ns(std::uint64_t time_ns) {
  const timespec time{static_cast<time_t>(time_ns / 1'000'000'000U),
                      static_cast<long>(time_ns % 1'000'000'000U)};
  ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr);
}

std::uint64_t own_cpu_time_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return to_ns(now);
}

}  // namespace

Worker::Worker(bool prefer) : prefer_(prefer), thread_([this] { run(); }) {
  clock_error_ = ::pthread_getcpuclockid(thread_.native_handle(), &clock_);
}

Worker::~Worker() {
  // relaxed: pairs with the load in run(); the join orders everything else.
  stop_.store(true, std::memory_order_relaxed);
  thread_.join();
}

void Worker::set_duty(float duty) noexcept {
  // relaxed: pairs with the load in run(); only the number itself is communicated.
  duty_.store(std::clamp(duty, 0.0F, 1.0F), std::memory_order_relaxed);
}

Result<WorkerSample> Worker::sample() const {
  if (clock_error_ != 0) return no_clock(clock_error_);
  WorkerSample best;
  std::uint64_t best_span_ns = UINT64_MAX;
  for (int attempt = 0; attempt < kSampleAttempts && best_span_ns > kOneMomentNs; ++attempt) {
    timespec cpu_time{};
    const std::uint64_t before_ns = monotonic_ns();
    if (::clock_gettime(clock_, &cpu_time) != 0) {
      return no_clock(errno);
    }
    const std::uint64_t span_ns = monotonic_ns() - before_ns;
    if (span_ns >= best_span_ns) continue;
    best_span_ns = span_ns;
    best = {.at_ns = before_ns + span_ns / 2, .cpu_time_ns = to_ns(cpu_time)};
  }
  return best;
}

void Worker::run() const {
  // Refused to ordinary users: then the worker competes with all other load.
  if (prefer_) ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kPreferredNice);
  std::uint64_t period_end_ns = monotonic_ns();
  // relaxed: pairs with the store in the destructor.
  while (!stop_.load(std::memory_order_relaxed)) {
    const std::uint64_t now_ns = monotonic_ns();
    // After a long delay the periods restart: missed periods are not made up.
    period_end_ns = std::max(period_end_ns + kPwmPeriodNs, now_ns);
    // relaxed: pairs with set_duty; an old duty for one more period does no harm.
    const double duty = duty_.load(std::memory_order_relaxed);
    const auto pulse_ns = static_cast<std::uint64_t>(duty * static_cast<double>(kPwmPeriodNs));
    if (pulse_ns >= kShortestPulseNs) {
      const std::uint64_t enough_ns = own_cpu_time_ns() + pulse_ns;
      while (own_cpu_time_ns() < enough_ns && monotonic_ns() < period_end_ns) work_a_little();
    }
    sleep_until_ns(period_end_ns);
  }
}

}  // namespace evo::machine
