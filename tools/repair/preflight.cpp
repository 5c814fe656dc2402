// SPDX-License-Identifier: Apache-2.0
#include "repair/preflight.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "evo/format.hpp"
#include "evo/format/control_file.hpp"
#include "evo/format/segment_header.hpp"
#include "evo/limits.hpp"
#include "evo/memory_share.hpp"
#include "evo/segment_info.hpp"
#include "repair/ownership.hpp"

namespace evo::tools {

namespace {

/// Space in a directory, reserved by an unnamed file while this object exists.
class TakenRoom {
 public:
  TakenRoom() = default;
  TakenRoom(const TakenRoom&) = delete;
  TakenRoom& operator=(const TakenRoom&) = delete;
  ~TakenRoom() {
    if (fd_ >= 0) ::close(fd_);
  }

  Result<void> take(const Domain& domain, std::uint64_t size) {
    const std::string& directory = domain.path();
    fd_ = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    // If unnamed files are not supported, only the real attempt can tell.
    if (fd_ < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) return {};
    if (fd_ < 0) {
      return make_system_error(errno, fmt::format("cannot create a file in '{}'", directory));
    }
    return allocate_file(fd_, size, directory);
  }

 private:
  int fd_ = -1;
};

Result<void> check_counts(const Domain& domain, const ResourceLimits& limits) {
  if (limits.segments_per_process == 0) {
    return make_error(ErrorCode::ResourceExhausted,
                      "this process may not hold any segment; raise EVO_MAX_SEGMENTS_PER_PROCESS");
  }
  const auto names = list_segment_names(domain);
  if (!names) return tl::unexpected(names.error());
  // This includes the segment that will be replaced.
  if (names->size() <= limits.segments_per_domain) return {};
  return make_error(ErrorCode::ResourceExhausted,
                    "domain '{}' holds {} segments, more than its limit; clean up, or raise "
                    "EVO_MAX_SEGMENTS_PER_DOMAIN",
                    domain.path(), names->size());
}

}  // namespace

Result<void> check_create(const Domain& domain, const ChannelDescription& channel) {
  const auto limits = ResourceLimits::from_environment();
  if (!limits) return tl::unexpected(limits.error());
  const auto layout = plan_layout(channel);
  if (!layout) return tl::unexpected(layout.error());
  if (auto owned = check_owner(domain, channel.name); !owned) return owned;
  if (auto counts = check_counts(domain, *limits); !counts) return counts;
  const auto share = check_memory_share(domain, layout->file_size, *limits);
  if (!share) return tl::unexpected(share.error());
  TakenRoom data;
  if (auto room = data.take(domain, layout->file_size); !room) return room;
  // Plus one page for `.meta`.
  TakenRoom control;
  return control.take(
      domain,
      sizeof(ControlFile) + std::uint64_t{channel.max_readers} * sizeof(ReaderEntry) + kPageSize);
}

}  // namespace evo::tools
