// SPDX-License-Identifier: Apache-2.0
#include "attachment/quota.hpp"

#include <linux/magic.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>

#include "evo/clock.hpp"
#include "evo/format.hpp"
#include "system/domain_scan.hpp"
#include "system/fork_guard.hpp"

namespace evo {

namespace {

Result<void> read_variable(const char* name, std::uint32_t& value) {
  // A program with more rights than its caller must not let the caller set its limits.
  const char* text = ::secure_getenv(name);
  if (text == nullptr) return {};
  const std::string_view digits(text);
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    return make_error(ErrorCode::InvalidName, "{} is '{}'; set it to a number, or unset it", name,
                      text);
  }
  value = number;
  return {};
}

}  // namespace

Result<ResourceLimits> ResourceLimits::from_environment() {
  ResourceLimits limits;
  const std::pair<const char*, std::uint32_t*> variables[] = {
      {"EVO_MAX_SEGMENTS_PER_PROCESS", &limits.segments_per_process},
      {"EVO_MAX_SEGMENTS_PER_DOMAIN", &limits.segments_per_domain},
      {"EVO_MAX_CREATIONS_PER_SECOND", &limits.creations_per_second},
      {"EVO_WARN_MEMORY_PERCENT", &limits.warn_memory_percent},
      {"EVO_MAX_MEMORY_PERCENT", &limits.max_memory_percent}};
  for (const auto& [name, value] : variables) {
    if (auto read = read_variable(name, *value); !read) return tl::unexpected(read.error());
  }
  return limits;
}

namespace detail {

namespace {

/// What this process has used of its limits. A forked child starts with nothing. Changed only while
/// forks are held off, so that no child inherits it locked forever.
struct Account {
  pid_t process = 0;
  std::uint32_t writers = 0;
  double tokens = 0;  // creations allowed in a burst (a token bucket)
  std::uint64_t filled_ns = 0;
};

Account& account() {
  static auto* const instance = new Account;  // writers may outlive static destructors
  return *instance;
}

/// Call while forks are held off. Takes one creation from the bucket, if there is one.
bool take_token(Account& mine, double per_second) {
  const std::uint64_t now = monotonic_ns();
  mine.tokens = std::min(
      per_second, mine.tokens + per_second * static_cast<double>(now - mine.filled_ns) * 1e-9);
  mine.filled_ns = now;
  if (mine.tokens < 1) return false;
  mine.tokens -= 1;
  return true;
}

}  // namespace

Result<WriterQuota> WriterQuota::take(const ResourceLimits& limits) {
  Account& mine = account();
  const ForkPause held;
  if (mine.process != ::getpid()) {
    mine.process = ::getpid();
    mine.writers = 0;
    mine.tokens = limits.creations_per_second;
    mine.filled_ns = monotonic_ns();
  }
  if (mine.writers >= limits.segments_per_process) {
    return make_error(ErrorCode::ResourceExhausted,
                      "this process already holds {} segments, its limit; close one, or raise "
                      "EVO_MAX_SEGMENTS_PER_PROCESS (ResourceLimits::segments_per_process)",
                      mine.writers);
  }
  if (limits.creations_per_second != 0 && !take_token(mine, limits.creations_per_second)) {
    return make_error(
        ErrorCode::ResourceExhausted,
        "this process creates more than {} segments a second; create each once and keep it "
        "open, or raise EVO_MAX_CREATIONS_PER_SECOND "
        "(ResourceLimits::creations_per_second)",
        limits.creations_per_second);
  }
  ++mine.writers;
  WriterQuota quota;
  quota.process_ = mine.process;
  return quota;
}

WriterQuota::~WriterQuota() {
  if (process_ == 0) return;
  Account& mine = account();
  const ForkPause held;
  if (process_ == ::getpid() && process_ == mine.process) --mine.writers;
}

Result<void> check_segment_count(const Domain& domain, const ResourceLimits& limits) {
  const auto files = scan(domain);
  if (!files) return tl::unexpected(files.error());
  if (files->segments.size() < limits.segments_per_domain) return {};
  return make_error(
      ErrorCode::ResourceExhausted,
      "domain '{}' already holds {} segments, its limit; clean up, use another domain, or "
      "raise EVO_MAX_SEGMENTS_PER_DOMAIN (ResourceLimits::segments_per_domain)",
      domain.path(), files->segments.size());
}

}  // namespace detail

Result<std::string> check_memory_share(const Domain& domain, std::uint64_t size,
                                       const ResourceLimits& limits) {
  struct statvfs space {};
  if (::statvfs(domain.path().c_str(), &space) != 0 || space.f_blocks == 0) return std::string();
  const double total = static_cast<double>(space.f_blocks) * static_cast<double>(space.f_frsize);
  const double free = static_cast<double>(space.f_bavail) * static_cast<double>(space.f_frsize);
  const double percent = 100 * (total - free + static_cast<double>(size)) / total;
  if (limits.max_memory_percent < 100 && percent > limits.max_memory_percent) {
    return make_error(
        ErrorCode::NoSpace,
        "{} more bytes would fill the file system of domain '{}' to {:.0f} %, and the limit is {} "
        "%; free some space, enlarge it, or raise EVO_MAX_MEMORY_PERCENT "
        "(ResourceLimits::max_memory_percent)",
        size, domain.path(), percent, limits.max_memory_percent);
  }
  if (percent > limits.warn_memory_percent) {
    return fmt::format("the file system of domain '{}' is {:.0f} % full", domain.path(), percent);
  }
  struct statfs kind {};
  if (::statfs(domain.path().c_str(), &kind) == 0 && kind.f_type != TMPFS_MAGIC &&
      kind.f_type != RAMFS_MAGIC) {
    return fmt::format(
        "domain '{}' is not on a tmpfs, so the kernel writes its pages to a disk; choose a "
        "directory in /dev/shm",
        domain.path());
  }
  return std::string();
}

}  // namespace evo
