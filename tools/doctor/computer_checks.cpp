// SPDX-License-Identifier: Apache-2.0
#include "doctor/computer_checks.hpp"

#include <fmt/format.h>
#include <linux/membarrier.h>

#include <algorithm>
#include <charconv>

#include "evo/text.hpp"
#include "inspect/labels.hpp"
#include "text/trimmed.hpp"

namespace evo::tools {

namespace {

std::optional<std::int64_t> number_in(std::string_view text) {
  text = trimmed(text);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number)
                                                                  : std::nullopt;
}

/// The word in brackets: /sys marks the active choice this way.
std::string_view chosen_in(std::string_view choices) {
  const auto open = choices.find('[');
  const auto close = choices.find(']', open);
  return open == choices.npos || close == choices.npos ? std::string_view()
                                                       : choices.substr(open + 1, close - open - 1);
}

/// The last setting of RemoveIPC; systemd's default is yes.
bool removes_ipc(const std::vector<std::string>& files) {
  bool removes = true;
  for (std::string_view text : files) {
    while (!text.empty()) {
      const auto end = std::min(text.find('\n'), text.size());
      const std::string_view line = trimmed(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
      const auto equals = line.find('=');
      if (equals == line.npos || trimmed(line.substr(0, equals)) != "RemoveIPC") continue;
      const std::string_view value = trimmed(line.substr(equals + 1));
      // An empty value resets the setting to its default.
      removes = value.empty() || value == "yes" || value == "true" || value == "on" ||
                value == "1" || value == "y" || value == "t";
    }
  }
  return removes;
}

}  // namespace

Check check_segments(const std::vector<SegmentInfo>& segments) {
  std::size_t left = 0;
  std::size_t hidden = 0;
  std::size_t incompatible = 0;
  std::vector<std::string> damaged;
  for (const SegmentInfo& info : segments) {
    const bool dead =
        info.condition == SegmentCondition::Sound && info.writer_state == WriterState::Dead;
    if (dead || info.condition == SegmentCondition::Stale) ++left;
    if (info.condition == SegmentCondition::Unreadable) ++hidden;
    if (info.condition == SegmentCondition::Incompatible) ++incompatible;
    if (info.condition == SegmentCondition::Corrupt ||
        info.condition == SegmentCondition::Foreign ||
        info.condition == SegmentCondition::Unclaimed) {
      damaged.push_back(fmt::format("{} ({})", printable(info.name), state_of(info)));
    }
  }
  if (!damaged.empty()) {
    constexpr std::size_t kMost = 5;
    const std::size_t more = damaged.size() - std::min(damaged.size(), kMost);
    damaged.resize(damaged.size() - more);
    return wrong("segments",
                 fmt::format("{}{}; run evo-shm recover for each", fmt::join(damaged, ", "),
                             more == 0 ? "" : fmt::format(" and {} more", more)));
  }
  if (incompatible != 0) {
    return wrong("segments",
                 fmt::format("{} of {} were created by another release of EVO Channels; build all "
                             "modules with the same one (evo-shm list shows which segments)",
                             incompatible, segments.size()));
  }
  if (left != 0) {
    return warning("segments", fmt::format("{} of {} left behind by dead writers or a previous "
                                           "boot; restart the writers, or run evo-shm cleanup",
                                           left, segments.size()));
  }
  if (hidden != 0) {
    return warning("segments",
                   fmt::format("this user may not inspect {} of {}; evo-shm list shows why", hidden,
                               segments.size()));
  }
  return ok("segments", fmt::format("{}, none left behind", segments.size()));
}

Check check_stamps(const std::vector<SegmentInfo>& segments) {
  constexpr std::string_view kName = "stamps";
  std::size_t count = 0;
  const SegmentInfo* first = nullptr;
  for (const SegmentInfo& info : segments) {
    if (info.stamp_ahead.count() == 0) continue;
    ++count;
    if (first == nullptr) first = &info;
  }
  if (first == nullptr) return ok(kName, "none in the future");
  return wrong(kName, fmt::format("{}{}: {}", printable(first->name),
                                  count == 1 ? "" : fmt::format(" and {} more", count - 1),
                                  future_stamp_of(*first)));
}

Check check_memory_lock(Limit limit, std::uint64_t memory_of_segments) {
  constexpr std::string_view kName = "memory_lock";
  if (!limit) return ok(kName, "RLIMIT_MEMLOCK is unlimited");
  const std::string what = fmt::format("RLIMIT_MEMLOCK is {}, the segments take {}",
                                       size_in_words(*limit), size_in_words(memory_of_segments));
  if (*limit >= memory_of_segments) return ok(kName, what);
  return warning(kName,
                 what +
                     ": not all of them can be locked (MemoryOptions::lock); raise it (ulimit "
                     "-l, or LimitMEMLOCK= in the unit)");
}

Check check_huge_pages(std::string_view shmem_enabled, const Storage& storage) {
  constexpr std::string_view kName = "huge_pages";
  const std::string_view chosen = chosen_in(shmem_enabled);
  if (chosen.empty()) {
    return warning(kName,
                   "this kernel has none for shared memory; MemoryOptions::huge_pages is ignored, "
                   "with a note in MemoryReport");
  }
  const bool mounted = storage.mount_options.find("huge=") != std::string::npos &&
                       storage.mount_options.find("huge=never") == std::string::npos;
  if (chosen == "deny" || (!mounted && chosen != "force")) {
    return warning(
        kName,
        fmt::format(
            "unavailable in this domain (shmem_enabled is {}, mount options {}); if segments of 2 "
            "MiB or more should use them, mount a tmpfs with huge=advise as the domain",
            chosen, storage.mount_options));
  }
  return ok(kName,
            fmt::format("shmem_enabled is {}, mount options {}", chosen, storage.mount_options));
}

Check check_numa(std::size_t nodes) {
  if (nodes <= 1) return ok("numa", "one node");
  return warning("numa", fmt::format("{} nodes: a value that crosses nodes takes several times as "
                                     "long; run the writer and readers of a segment on one node, "
                                     "or set MemoryOptions::numa_node to the node of its readers",
                                     nodes));
}

Check check_membarrier(long commands) {
  if (commands >= 0 && (commands & MEMBARRIER_CMD_GLOBAL_EXPEDITED) != 0) {
    return ok("membarrier", "GLOBAL_EXPEDITED is available");
  }
  return warning(
      "membarrier",
      "GLOBAL_EXPEDITED is unavailable: each write pays for a full fence (about 10 ns), and "
      "waiters poll every millisecond; allow membarrier in the seccomp filter of the container");
}

Check check_remove_ipc(bool has_logind, const std::filesystem::path& domain, std::uint32_t user,
                       const std::vector<std::string>& files) {
  constexpr std::string_view kName = "remove_ipc";
  // systemd's upper bound for system users, which are exempt.
  constexpr std::uint32_t kLastSystemUser = 999;
  if (!has_logind) return ok(kName, "there is no systemd-logind");
  const std::string text = domain.string();
  if (text != "/dev/shm" && !text.starts_with("/dev/shm/")) {
    return ok(kName, "the domain is not below /dev/shm");
  }
  if (user <= kLastSystemUser) return ok(kName, fmt::format("user {} is a system user", user));
  if (!removes_ipc(files)) return ok(kName, "RemoveIPC is off");
  return warning(kName,
                 fmt::format("systemd-logind removes the files of user {} from /dev/shm at the end "
                             "of that user's last session, including those of live segments; set "
                             "RemoveIPC=no in /etc/systemd/logind.conf, run modules as a system "
                             "user, or enable lingering (loginctl enable-linger)",
                             user));
}

Check check_open_files(Limit limit, std::size_t segments) {
  constexpr std::string_view kName = "open_files";
  if (!limit) return ok(kName, "RLIMIT_NOFILE is unlimited");
  // One for each endpoint, and some for the rest of the program.
  constexpr std::uint64_t kOthers = 64;
  const std::string what = fmt::format(
      "RLIMIT_NOFILE is {}, and there are {} segments, with one descriptor for each writer or "
      "reader",
      *limit, segments);
  if (*limit >= segments + kOthers) return ok(kName, what);
  return warning(kName, what + "; raise it (ulimit -n, or LimitNOFILE= in the unit)");
}

Check check_priority(Limit limit, bool may_set_nice) {
  constexpr std::string_view kName = "priority";
  if (may_set_nice) return ok(kName, "CAP_SYS_NICE: SCHED_FIFO with any priority");
  if (!limit || *limit > 0) {
    return ok(kName, limit ? fmt::format("SCHED_FIFO up to priority {}", *limit)
                           : "SCHED_FIFO with any priority");
  }
  return warning(kName,
                 "SCHED_FIFO is not allowed: raise RLIMIT_RTPRIO (ulimit -r, or "
                 "LimitRTPRIO= in the unit), or grant CAP_SYS_NICE");
}

Check check_real_time_share(std::string_view runtime_us) {
  constexpr std::string_view kName = "real_time_share";
  const auto runtime = number_in(runtime_us);
  if (!runtime) return ok(kName, "the kernel sets no limit");
  if (*runtime == 0) {
    return wrong(kName, "sched_rt_runtime_us is 0: no SCHED_FIFO thread runs; set it to 950000");
  }
  if (*runtime < 0) {
    return warning(kName,
                   "sched_rt_runtime_us is -1: a real-time thread that never sleeps occupies its "
                   "core forever; keep one core free of such threads");
  }
  return ok(kName, fmt::format("real-time threads may run for {} us of each period, usually a "
                               "second; one that never sleeps is throttled for the rest",
                               *runtime));
}

Check check_clock(std::string_view source) {
  source = trimmed(source);
  if (source == "tsc") return ok("clock", "tsc: a stamp takes about 10 ns");
  if (source.empty()) return warning("clock", "the kernel does not say which clock it uses");
  return warning(
      "clock",
      fmt::format("{}: a stamp takes 20 ns or more (a microsecond with hpet or acpi_pm); find out "
                  "why the kernel does not trust the TSC (dmesg | grep -i tsc), or use stamp: none",
                  source));
}

Check check_inotify(std::string_view instances, std::string_view watches) {
  constexpr std::string_view kName = "inotify";
  const auto most_instances = number_in(instances);
  const auto most_watches = number_in(watches);
  if (!most_instances || !most_watches) {
    return warning(kName, "unavailable: discovery and waiting for a segment poll instead");
  }
  const std::string what =
      fmt::format("{} instances and {} watches per user", *most_instances, *most_watches);
  constexpr std::int64_t kEnough = 64;
  if (*most_instances >= kEnough && *most_watches >= kEnough) return ok(kName, what);
  return warning(kName, what +
                            ": waiting for a segment takes one of each; raise "
                            "fs.inotify.max_user_instances and max_user_watches");
}

Check check_kernel(std::string_view release) {
  constexpr std::string_view kName = "kernel";
  // membarrier(GLOBAL_EXPEDITED) needs Linux 4.16, open file description locks need 3.15.
  constexpr std::pair<int, int> kFast{4, 16};
  constexpr std::pair<int, int> kOldest{3, 15};
  std::pair<int, int> version{0, 0};
  const char* end = release.data() + release.size();
  const auto [point, error] = std::from_chars(release.data(), end, version.first);
  if (error != std::errc() || point == end || *point != '.' ||
      std::from_chars(point + 1, end, version.second).ec != std::errc()) {
    return warning(kName, fmt::format("cannot parse the version '{}'", release));
  }
  if (version < kOldest) {
    return wrong(
        kName, fmt::format(
                   "{}: it has no open file description locks; Linux 3.15 is the oldest that works",
                   release));
  }
  if (version < kFast) {
    return warning(
        kName,
        fmt::format("{}: waking readers costs each write a fence; Linux 4.16 and later avoid it",
                    release));
  }
  return ok(kName, std::string(release));
}

}  // namespace evo::tools
