// SPDX-License-Identifier: Apache-2.0
#include "mirrored_mapping.hpp"

#include <sys/mman.h>

#include <cassert>
#include <cerrno>

#include "evo/format.hpp"
#include "evo/format/segment_header.hpp"
#include "system/fork_guard.hpp"

namespace evo::links {

MirroredMapping::~MirroredMapping() {
  if (address_ == nullptr) return;
  const detail::ForkPause held;
  detail::forget_mapping(bytes(), held);
  ::munmap(address_, bytes().size());
}

Result<MirroredMapping> MirroredMapping::map(int fd, std::size_t head, std::size_t ring,
                                             detail::Protection protection) {
  assert(head % kPageSize == 0 && ring % kPageSize == 0);
  const int access = protection == detail::Protection::Read ? PROT_READ : PROT_READ | PROT_WRITE;
  const auto failed = [&] {
    return make_system_error(errno, fmt::format("cannot map {} bytes twice", ring));
  };
  MirroredMapping mapping;
  mapping.head_ = head;
  mapping.ring_ = ring;
  const detail::ForkPause held;
  // Reserves the addresses.
  void* const reserved = ::mmap(nullptr, head + 2 * ring, PROT_NONE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED) return failed();
  mapping.address_ = static_cast<std::byte*>(reserved);
  // From here on the destructor unmaps it.
  detail::guard_mapping(mapping.bytes(), held);
  constexpr int kFlags = MAP_SHARED | MAP_FIXED | MAP_POPULATE;
  if (::mmap(mapping.head(), head + ring, access, kFlags, fd, 0) == MAP_FAILED ||
      ::mmap(mapping.ring() + ring, ring, access, kFlags, fd, static_cast<off_t>(head)) ==
          MAP_FAILED) {
    return failed();
  }
  return mapping;
}

}  // namespace evo::links
