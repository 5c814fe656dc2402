/// Which control file a writer may use: its own, or one of a user that every reader trusts.
///
/// A control file of another user, or one that more users can open than the channel's access
/// allows, is removed together with its segment, and recreated. It is never narrowed: a process
/// that has it open keeps its access.
#pragma once

#include <string_view>

#include "attachment/control.hpp"
#include "evo/channel.hpp"
#include "evo/options.hpp"

namespace evo::detail {

/// The locked control file of the channel. No user but those of the channel's access can change it.
Result<Control> lock_own_control(const WriterOptions& options, const ChannelDescription& channel);

/// With the writer's lock: whether the writer before has died.
bool is_orphan(const Control& control);

/// Why a writer that must not take anything over refuses an orphan.
tl::unexpected<Error> refuse_orphan(const Control& control, std::string_view name);

}  // namespace evo::detail
