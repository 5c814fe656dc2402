// SPDX-License-Identifier: Apache-2.0
#include "attachment/own_control.hpp"

#include <unistd.h>

#include <string_view>

#include "attachment/data_file.hpp"
#include "attachment/segment_files.hpp"
#include "evo/format.hpp"
#include "system/domain_checks.hpp"

namespace evo::detail {

namespace {

/// Whether readers trust what a writer publishes under this control file. Its owner can make it
/// name another data file of that owner, and every user that was able to open it before can still
/// change it.
bool is_own(const Domain& domain, const Control& control, Access access) {
  // W8
  const bool ours = control.uid == ::geteuid() || (is_trusted_by_all(domain, ::geteuid()) &&
                                                   is_trusted_by_all(domain, control.uid));
  return ours && (control.mode & ~control_mode(access)) == 0;  // W9
}

/// Call with the control file locked. Removes a segment of another user, or one with wider access,
/// so that it can be recreated.
Result<void> discard(const WriterOptions& options, const ChannelDescription& channel,
                     const Control& control) {
  const std::string_view name = channel.name;
  // W10
  if (control.uid != ::geteuid() && !is_trusted_by_all(options.domain, ::geteuid())) {
    return make_error(
        ErrorCode::PermissionDenied,
        "segment '{}' belongs to user {}, and readers that run as other users would refuse a data "
        "file owned by user {}; run the writer as user {}, or let that user or root remove the "
        "segment (evo-shm cleanup)",
        name, control.uid, ::geteuid(), control.uid);
  }
  // W11
  if (is_orphan(control) && options.on_orphan == OnOrphan::Refuse) {
    return refuse_orphan(control, name);
  }
  // W12
  if (auto strange = find_strangers_file(options.domain, name, control)) {
    return make_error(ErrorCode::PermissionDenied, "{}; nothing was done", *strange);
  }
  if (retire(options.domain, name, control)) return {};
  return make_error(ErrorCode::Io,
                    "not all files of segment '{}' in '{}' could be removed; remove the rest", name,
                    options.domain.path());
}

}  // namespace

bool is_orphan(const Control& control) {
  // relaxed: only the holder of the writer's lock stores it, and taking the lock ordered its stores
  // before our load.
  return control->phase.load(std::memory_order_relaxed) == SegmentPhase::Open;
}

tl::unexpected<Error> refuse_orphan(const Control& control, std::string_view name) {
  return make_error(ErrorCode::AlreadyExists,
                    "segment '{}' was left behind by its dead writer, {}; create it with on_orphan "
                    "TakeOver or Replace",
                    name, describe_writer(control));
}

Result<Control> lock_own_control(const WriterOptions& options, const ChannelDescription& channel) {
  const Domain& domain = options.domain;
  constexpr int kAttempts = 10;  // each time, another user was faster
  for (int i = 0; i < kAttempts; ++i) {
    auto control = lock_control(domain, channel);
    if (!control) return control;
    if (is_own(domain, *control, channel.access)) {
      // W13. Another user may have created this user's own domain first. From here on it is ours.
      if (auto valid = validate(domain); !valid) return tl::unexpected(valid.error());
      if (control->is_current()) return control;
    } else if (auto done = discard(options, channel, *control); !done) {
      return tl::unexpected(done.error());
    }
  }
  return make_error(
      ErrorCode::SegmentBusy,
      "another user keeps creating segment '{}' in '{}'; find out which process does it",
      channel.name, domain.path());
}

}  // namespace evo::detail
