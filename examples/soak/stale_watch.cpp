// SPDX-License-Identifier: Apache-2.0
#include "soak/stale_watch.hpp"

namespace evo::machine {

void StaleWatch::begin_life(std::uint64_t sequence) noexcept {
  judged_from_ = sequence + kFirstPublishes;
  stale_sequence_ = 0;
}

StaleWatch::Verdict StaleWatch::look(const Look& look,
                                     const std::function<std::uint64_t()>& sleeps) {
  const bool stale = look.age_ns > max_age_ns_ && look.sequence != 0;
  if (!stale) {
    stale_sequence_ = 0;
    return Verdict::Fine;
  }
  if (stale_sequence_ != look.sequence) {
    stale_sequence_ = look.sequence;
    sleeps_before_ = sleeps();
    attempts_ = 0;
    judged_ = false;
    return Verdict::Stalled;
  }
  ++attempts_;
  if (judged_) return Verdict::Fine;
  const bool ran =
      look.writer_alive && look.sequence >= judged_from_ && sleeps() >= sleeps_before_ + kSleeps;
  judged_ = ran || attempts_ >= kAttempts;
  return judged_ ? Verdict::Missed : Verdict::Fine;
}

}  // namespace evo::machine
