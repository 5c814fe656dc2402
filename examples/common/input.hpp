// SPDX-License-Identifier: Apache-2.0
/// A segment that a module reads in every cycle: attaches when possible, continues across every
/// restart of the writer, and keeps the last value.
///
/// Whether a value may still be used is the module's decision, based on `fresh()` and
/// `writer_state()`. An Input must be used by one thread only.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "common/consistency.hpp"
#include "common/latency_histogram.hpp"
#include "common/log.hpp"
#include "evo/clock.hpp"
#include "evo/domain.hpp"
#include "evo/error.hpp"
#include "evo/format.hpp"
#include "evo/options.hpp"
#include "evo/raw_state_reader.hpp"
#include "evo/sample.hpp"

namespace evo::machine {

/// Statistics of a reader since its start.
struct InputStatistics {
  std::uint64_t reads = 0;
  std::uint64_t torn = 0;       ///< publishes with words from different values, or older than one
                                ///< read before
  std::uint64_t vanished = 0;   ///< values that disappeared although the writer did not close the
                                ///< segment
  std::uint64_t contended = 0;  ///< reads given up because the writer kept overtaking them
  std::uint64_t retries = 0;    ///< copies repeated because the writer overtook them
  LatencyHistogram latency;     ///< of each read

  InputStatistics& operator+=(const InputStatistics& other) noexcept {
    reads += other.reads;
    torn += other.torn;
    vanished += other.vanished;
    contended += other.contended;
    retries += other.retries;
    latency.add(other.latency);
    return *this;
  }
};

/// How a segment is written.
enum class Written {
  Always,   ///< by a writer that is restarted immediately when it dies
  AtTimes,  ///< by a writer that comes and goes: closed and recreated, perhaps between two polls
};

template <class Reader>
class Input {
 public:
  using Value = typename Reader::Value;
  using Channel = evo::ChannelOf<Value>;

  /// Does not attach yet. The log must outlive the input.
  Input(const Log& log, Domain domain, Written written = Written::Always)
      : log_(&log), domain_(std::move(domain)), written_(written) {}

  /// Waits for the segment, at most this long; afterwards `poll` keeps trying to attach.
  void attach_within(std::chrono::nanoseconds wait) {
    // Waiting needs an inotify descriptor, and the kernel takes about ten milliseconds to close
    // one, so avoid it if possible.
    attach(std::chrono::nanoseconds::zero());
    if (!reader_) attach(wait);
  }

  /// Reads the latest value. Attaches first if necessary, which takes a few hundred microseconds
  /// and is attempted 20 times a second.
  void poll() {
    changed_ = false;
    const std::uint64_t before_ns = monotonic_ns();
    if (!reader_) {
      if (before_ns >= next_attach_ns_) attach(std::chrono::nanoseconds::zero());
      if (!reader_) return;
    }
    const std::uint64_t read_ns = monotonic_ns();
    const auto sample = reader_->read();
    now_ns_ = monotonic_ns();
    statistics_.latency.add(now_ns_ - read_ns);
    ++statistics_.reads;
    if (sample) {
      take(sample->value, sample->sequence, sample->stamp_ns);
    } else {
      handle(sample.error());
    }
    look_after_writer();
  }

  /// Detaches from the segment; the last value and the statistics are kept.
  void detach() {
    if (!reader_) return;
    statistics_.retries += reader_->retries();
    reader_.reset();
  }

  /// Whether there is a value at all.
  [[nodiscard]] bool has_value() const noexcept { return value_.has_value(); }
  /// The last value; only if `has_value()`.
  [[nodiscard]] const Value& value() const noexcept { return *value_; }
  /// Whether the last `poll` read a new publish.
  [[nodiscard]] bool changed() const noexcept { return changed_; }
  /// Sequence of the last value.
  [[nodiscard]] std::uint64_t sequence() const noexcept { return sequence_; }
  /// Publish time of the last value, in CLOCK_MONOTONIC nanoseconds.
  [[nodiscard]] std::uint64_t stamp_ns() const noexcept { return stamp_ns_; }

  /// Time since the last value's publish; zero for a stamp in the future.
  [[nodiscard]] std::uint64_t age_ns() const noexcept {
    const std::uint64_t now = monotonic_ns();
    return now - std::min(now, stamp_ns_);
  }

  /// Whether there is a value that is neither older than the `max_age` of its schema nor stamped in
  /// the future.
  [[nodiscard]] bool fresh() const noexcept {
    return has_value() && SampleInfo{.stamp_ns = stamp_ns_, .max_age = Channel::max_age}.fresh();
  }

  /// Whether the writer is alive, as of the last `poll`.
  [[nodiscard]] bool writer_alive() const noexcept {
    return reader_ && writer_state_ == WriterState::Alive;
  }

  /// Longest time that one value was in use: from its publish until a newer one was read.
  [[nodiscard]] std::uint64_t gap_max_ns() const noexcept { return gap_max_ns_; }
  /// Restarts that measurement; a gap in progress still counts in full.
  void reset_gap() noexcept { gap_max_ns_ = 0; }

  [[nodiscard]] InputStatistics statistics() const noexcept {
    InputStatistics result = statistics_;
    if (reader_) result.retries += reader_->retries();
    return result;
  }

 private:
  static constexpr std::uint64_t kAttachEveryNs = 50'000'000;
  static constexpr std::uint64_t kAttachAfterErrorNs = 1'000'000'000;
  /// After this much silence, asks the kernel whether the writer is alive.
  static constexpr std::uint64_t kSilenceNs = 2'000'000;
  static constexpr std::uint64_t kReportEveryNs = 1'000'000'000;

  void attach(std::chrono::nanoseconds wait) {
    auto reader = Reader::attach({.domain = domain_, .wait = wait});
    now_ns_ = monotonic_ns();
    if (reader) {
      reader_.emplace(std::move(*reader));
      sequence_ = 0;
      refused_sequence_ = 0;
      silent_since_ns_ = now_ns_;
      writer_state_ = reader_->writer_state();
      refusal_.reset();
      log_->info("attached", {{"segment", Channel::name}});
      return;
    }
    const ErrorCode code = reader.error().code;
    const bool not_there =
        code == ErrorCode::NotFound || code == ErrorCode::NotReady || code == ErrorCode::Timeout;
    next_attach_ns_ = now_ns_ + (not_there ? kAttachEveryNs : kAttachAfterErrorNs);
    const ErrorCode refusal = not_there ? ErrorCode::NotFound : code;
    if (refusal_ == refusal) return;
    refusal_ = refusal;
    if (not_there) {
      log_->info("waiting", {{"segment", Channel::name}});
    } else {
      log_->error("cannot_attach", {{"segment", Channel::name}, {"error", reader.error()}});
    }
  }

  void take(const Value& value, std::uint64_t sequence, std::uint64_t stamp_ns) {
    if (!is_consistent(value)) {
      // The next cycles read it again. It is one value, and one line in the log.
      if (std::exchange(refused_sequence_, sequence) == sequence) return;
      ++statistics_.torn;
      report(is_published_so(value, sequence) ? "inconsistent_value" : "torn_value", sequence);
      return;
    }
    if (sequence < sequence_) {
      ++statistics_.torn;
      report("older_value", sequence);
      return;
    }
    if (sequence == sequence_) return;
    changed_ = true;
    sequence_ = sequence;
    if (has_value()) gap_max_ns_ = std::max(gap_max_ns_, now_ns_ - std::min(now_ns_, stamp_ns_));
    stamp_ns_ = stamp_ns;
    value_ = value;
    silent_since_ns_ = now_ns_;
    writer_state_ = WriterState::Alive;
  }

  void handle(ReadError error) {
    const bool may_be_anew = written_ == Written::AtTimes || writer_state_ == WriterState::Closed;
    switch (error) {
      case ReadError::Contended:
        ++statistics_.contended;
        return;
      case ReadError::NeverWritten:
        if (sequence_ != 0) report_vanished(error);
        return;
      case ReadError::Detached:
        // Recreated: expected if the previous writer closed it.
        if (sequence_ != 0 && !may_be_anew) report_vanished(error);
        detach();
        next_attach_ns_ = 0;
        return;
      case ReadError::ChecksumMismatch:
      case ReadError::OutOfRange:
        ++statistics_.torn;
        report("damaged_value", sequence_);
        return;
    }
  }

  /// Whether the writer published exactly these words: a tool or module that does not seal its
  /// values, such as `evo-shm set`. A torn value reads differently the next time.
  [[nodiscard]] bool is_published_so(const Value& value, std::uint64_t sequence) {
    const auto again = reader_->read();
    return again && again->sequence == sequence &&
           std::memcmp(&again->value, &value, sizeof value) == 0;
  }

  /// Reports a rejected value, at most once a second.
  void report(std::string_view event, std::uint64_t sequence) {
    ++unreported_;
    if (now_ns_ < next_report_ns_) return;
    next_report_ns_ = now_ns_ + kReportEveryNs;
    log_->error(event, {{"segment", Channel::name},
                        {"sequence", sequence},
                        {"since_last_report", std::exchange(unreported_, 0)}});
  }

  void report_vanished(ReadError error) {
    ++statistics_.vanished;
    log_->error("vanished_value", {{"segment", Channel::name}, {"error", error}});
  }

  void look_after_writer() {
    if (!reader_ || changed_ || now_ns_ - silent_since_ns_ < kSilenceNs) return;
    const WriterState before = std::exchange(writer_state_, reader_->writer_state());
    if (before == writer_state_) return;
    log_->info("writer", {{"segment", Channel::name}, {"state", to_string(writer_state_)}});
  }

  const Log* log_;
  Domain domain_;
  Written written_;
  std::optional<Reader> reader_;
  std::optional<Value> value_;
  InputStatistics statistics_;
  std::optional<ErrorCode> refusal_;  // of the last attach attempt, to report each only once
  WriterState writer_state_ = WriterState::Dead;
  bool changed_ = false;
  std::uint64_t sequence_ = 0;          // of the last value since the last attach
  std::uint64_t refused_sequence_ = 0;  // of the last inconsistent value since the last attach
  std::uint64_t unreported_ = 0;        // values rejected since the last line about them
  std::uint64_t next_report_ns_ = 0;
  std::uint64_t stamp_ns_ = 0;
  std::uint64_t now_ns_ = 0;
  std::uint64_t next_attach_ns_ = 0;
  std::uint64_t silent_since_ns_ = 0;
  std::uint64_t gap_max_ns_ = 0;
};

}  // namespace evo::machine
