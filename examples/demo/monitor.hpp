// SPDX-License-Identifier: Apache-2.0
/// The demo's own readers, which observe the cell from outside.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "commands_config.evo.hpp"
#include "common/input.hpp"
#include "control_state.evo.hpp"
#include "phys_input_io.evo.hpp"
#include "phys_output_io.evo.hpp"

namespace evo::machine {

/// Mean deviation of the loop from its setpoint, in percentage points.
struct ControlError {
  double sum = 0;
  std::uint64_t count = 0;

  void add(double error) noexcept {
    sum += error < 0 ? -error : error;
    ++count;
  }
  [[nodiscard]] double mean() const noexcept {
    return count == 0 ? 0 : sum / static_cast<double>(count);
  }
};

/// Publishes per second, from the sequence numbers.
class RateMeter {
 public:
  void update(std::uint64_t now_ns, std::uint64_t sequence) noexcept;
  [[nodiscard]] double per_second() const noexcept { return rate_; }

 private:
  static constexpr std::uint64_t kWindowNs = 500'000'000;

  std::uint64_t since_ns_ = 0;
  std::uint64_t since_sequence_ = 0;
  double rate_ = 0;
};

/// One segment, as shown in the table.
struct SegmentView {
  std::string_view name;
  bool present = false;
  bool writer_alive = false;
  double rate = 0;
  std::uint64_t age_ns = 0;
  std::uint64_t misses = 0;  ///< deadlines that its writer has missed
  InputStatistics reader;    ///< of the monitor's reader
};

class Monitor {
 public:
  /// The loop is not judged for this long after each setpoint change and after the kill.
  static constexpr std::uint64_t kSettleNs = 1'000'000'000;

  Monitor(const Log& log, const Domain& domain);

  /// Reads all segments; to be called every millisecond.
  void poll();

  /// Detaches from all segments; the values read are kept.
  void detach();

  /// Whether the modules publish and the worker's share is measured.
  [[nodiscard]] bool cell_is_up() const noexcept;
  [[nodiscard]] cell::recipe::RecipeState recipe_state() const noexcept;

  /// Call when the recipe begins: gaps before it do not count.
  void note_start();
  /// Call when hal_core is killed: waits for its next incarnation from now on.
  void note_kill();
  /// Whether a later incarnation of hal_core publishes.
  [[nodiscard]] bool hal_core_is_back() const noexcept { return back_ns_ != 0; }

  /// Last values; zeros if there are none yet.
  [[nodiscard]] cell::hal::PhysInputIo input() const { return last(input_); }
  [[nodiscard]] cell::control::ControlState control() const { return last(control_); }
  [[nodiscard]] cell::recipe::PhysOutputIo output() const { return last(output_); }

  [[nodiscard]] std::vector<SegmentView> segments() const;
  [[nodiscard]] InputStatistics statistics() const;

  [[nodiscard]] const ControlError& error_before() const noexcept { return error_before_; }
  [[nodiscard]] const ControlError& error_after() const noexcept { return error_after_; }

  /// Time from the kill to the first value of hal_core's next incarnation.
  [[nodiscard]] std::uint64_t outage_ns() const noexcept { return back_ns_ - killed_ns_; }
  /// Longest time without a new value of phys_input_io: around the kill, and otherwise.
  [[nodiscard]] std::uint64_t gap_at_kill_ns() const noexcept { return gap_at_kill_ns_; }
  [[nodiscard]] std::uint64_t gap_else_ns() const noexcept;
  /// The same for control_state and phys_output_io, over the whole run.
  [[nodiscard]] std::uint64_t control_gap_ns() const noexcept { return control_.gap_max_ns(); }
  [[nodiscard]] std::uint64_t output_gap_ns() const noexcept { return output_.gap_max_ns(); }

  /// Cycles of the killed hal_core, as far as seen.
  [[nodiscard]] std::uint64_t killed_cycles() const noexcept { return killed_cycles_; }
  /// hal_core's incarnation when it was killed, and now.
  [[nodiscard]] std::uint64_t incarnation_before() const noexcept { return killed_incarnation_; }
  [[nodiscard]] std::uint64_t incarnation_now() const noexcept { return input().hal_incarnation; }

 private:
  template <class In>
  [[nodiscard]] static typename In::Value last(const In& input) {
    return input.has_value() ? input.value() : typename In::Value{};
  }
  void watch_restart();
  void judge_loop();

  Input<cell::hal::PhysInputIoReader> input_;
  Input<cell::control::ControlStateReader> control_;
  Input<cell::recipe::PhysOutputIoReader> output_;
  Input<cell::api::CommandsConfigReader> commands_;
  RateMeter input_rate_;
  RateMeter control_rate_;
  RateMeter output_rate_;
  RateMeter commands_rate_;

  std::uint64_t now_ns_ = 0;
  float setpoint_ = 0;
  std::uint64_t unsettled_until_ns_ = 0;
  ControlError error_before_;
  ControlError error_after_;

  std::uint64_t killed_ns_ = 0;  // 0: not yet
  std::uint64_t killed_incarnation_ = 0;
  std::uint64_t killed_cycles_ = 0;
  std::uint64_t back_ns_ = 0;  // 0: not yet
  std::uint64_t gap_before_kill_ns_ = 0;
  std::uint64_t gap_at_kill_ns_ = 0;
};

}  // namespace evo::machine
