// SPDX-License-Identifier: Apache-2.0
/// Decides which control file a writer may use: its own, or that of a user whom every reader
/// trusts.
///
/// A control file of another user, or one that more users can open than the channel's access
/// allows, is removed together with its segment, and recreated. Its mode is never narrowed instead:
/// a process that has it open would keep its access.
#pragma once

#include <string_view>

#include "attachment/control.hpp"
#include "evo/channel.hpp"
#include "evo/options.hpp"

namespace evo::detail {

/// Returns the locked control file of the channel. Only users whom the channel's access
/// admits can change it.
Result<Control> lock_own_control(const WriterOptions& options, const ChannelDescription& channel);

/// With the writer's lock held: whether the previous writer died.
bool is_orphan(const Control& control);

/// The error of a writer that must not take over an orphan.
tl::unexpected<Error> refuse_orphan(const Control& control, std::string_view name);

}  // namespace evo::detail
