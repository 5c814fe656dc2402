// SPDX-License-Identifier: Apache-2.0
#include "demo/monitor.hpp"

#include <algorithm>

namespace evo::machine {

namespace {

template <class In>
SegmentView view_of(const In& input, const RateMeter& rate, std::uint64_t misses) {
  return {.name = In::Channel::name,
          .present = input.has_value(),
          .writer_alive = input.writer_alive(),
          .rate = rate.per_second(),
          .age_ns = input.has_value() ? input.age_ns() : 0,
          .misses = misses,
          .reader = input.statistics()};
}

}  // namespace

void RateMeter::update(std::uint64_t now_ns, std::uint64_t sequence) noexcept {
  if (since_ns_ == 0 || sequence < since_sequence_) {
    since_ns_ = now_ns;
    since_sequence_ = sequence;
  } else if (now_ns - since_ns_ >= kWindowNs) {
    rate_ = static_cast<double>(sequence - since_sequence_) * 1e9 /
            static_cast<double>(now_ns - since_ns_);
    since_ns_ = now_ns;
    since_sequence_ = sequence;
  }
}

Monitor::Monitor(const Log& log, const Domain& domain)
    : input_(log, domain),
      control_(log, domain),
      output_(log, domain),
      commands_(log, domain, Written::AtTimes) {}

void Monitor::poll() {
  input_.poll();
  control_.poll();
  output_.poll();
  commands_.poll();
  now_ns_ = monotonic_ns();
  input_rate_.update(now_ns_, input_.sequence());
  control_rate_.update(now_ns_, control_.sequence());
  output_rate_.update(now_ns_, output_.sequence());
  commands_rate_.update(now_ns_, commands_.sequence());
  watch_restart();
  judge_loop();
}

void Monitor::detach() {
  input_.detach();
  control_.detach();
  output_.detach();
  commands_.detach();
}

bool Monitor::cell_is_up() const noexcept {
  return input_.fresh() && control_.fresh() && output_.fresh() &&
         input_.value().worker_window_ns > 0;
}

cell::recipe::RecipeState Monitor::recipe_state() const noexcept {
  return output_.has_value() ? output_.value().recipe_state : cell::recipe::RecipeState::Idle;
}

void Monitor::note_start() {
  input_.reset_gap();
  control_.reset_gap();
  output_.reset_gap();
}

void Monitor::note_kill() {
  killed_ns_ = monotonic_ns();
  killed_incarnation_ = incarnation_now();
  killed_cycles_ = input().cycle;
  gap_before_kill_ns_ = input_.gap_max_ns();
  input_.reset_gap();
}

void Monitor::watch_restart() {
  if (killed_ns_ == 0 || back_ns_ != 0 || !input_.changed() ||
      input_.value().hal_incarnation == killed_incarnation_) {
    return;
  }
  back_ns_ = now_ns_;
  gap_at_kill_ns_ = input_.gap_max_ns();
  input_.reset_gap();
}

void Monitor::judge_loop() {
  if (recipe_state() != cell::recipe::RecipeState::Running) return;
  const float setpoint = output_.value().setpoint;
  if (setpoint != setpoint_) {
    setpoint_ = setpoint;
    unsettled_until_ns_ = now_ns_ + kSettleNs;
  }
  if (now_ns_ < std::max(unsettled_until_ns_, killed_ns_ == 0 ? 0 : killed_ns_ + kSettleNs)) {
    return;
  }
  // A worker without fresh measurements counts as standing still.
  const float measured = input_.fresh() ? input_.value().worker_share : 0;
  (killed_ns_ == 0 ? error_before_ : error_after_).add(setpoint - measured);
}

std::uint64_t Monitor::gap_else_ns() const noexcept {
  return std::max(gap_before_kill_ns_, back_ns_ == 0 ? 0 : input_.gap_max_ns());
}

std::vector<SegmentView> Monitor::segments() const {
  return {view_of(input_, input_rate_, input().deadline_misses),
          view_of(control_, control_rate_, control().deadline_misses),
          view_of(output_, output_rate_, output().deadline_misses),
          view_of(commands_, commands_rate_, 0)};
}

InputStatistics Monitor::statistics() const {
  InputStatistics all = input_.statistics();
  all += control_.statistics();
  all += output_.statistics();
  all += commands_.statistics();
  return all;
}

}  // namespace evo::machine
