// SPDX-License-Identifier: Apache-2.0
/// Judgements that several operations share.
#pragma once

#include "world.hpp"

namespace evo::test::lifecycle {

inline bool is_idle(const World& world, const Step& step) {
  return world.actor(step).activity == Activity::Idle;
}

/// The argument of `create` and `attach`.
inline unsigned layout_of(const Step& step) {
  return segments()[step.segment].has_other && step.argument / 4 % 4 == 0 ? 1 : 0;
}

/// Whether the operation was refused because of another user's files, which are really there.
inline bool is_excused(const World& world, const Step& step, const Reply& reply) {
  return world.segment(step).trust == Trust::Shared && reply.outcome.view() == "PermissionDenied" &&
         world.has_foreign_file(step);
}

/// What always holds for a value that was read: a writer of this segment wrote it, it is whole, and
/// it is not older than the last one that this reader returned.
void judge_value(World& world, const Step& step, const Reply& reply, Ticket& last_ticket);

/// What a reader of this layout, or of any, gets from `attach`: "ok" or the error.
std::string_view outcome_of_attach(const World& world, const Step& step,
                                   std::optional<unsigned> wanted, bool has_entry);

/// A process that leaves a closed segment removes it if no other reader is attached. An attach that
/// fails leaves it, too.
void leave_closed(World& world, unsigned segment);

}  // namespace evo::test::lifecycle
