// SPDX-License-Identifier: Apache-2.0
#include "mirrored_mapping.hpp"

#include <sys/mman.h>
#include <sys/stat.h>

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

Result<MirroredMapping> MirroredMapping::map(int fd, std::uint64_t offset, std::size_t head,
                                             std::size_t ring, detail::Protection protection) {
  assert(offset % kPageSize == 0 && head % kPageSize == 0 && ring % kPageSize == 0);
  const auto failed = [&] {
    return make_system_error(errno, fmt::format("cannot map {} bytes twice", ring));
  };
  struct stat file {};
  if (::fstat(fd, &file) != 0) return failed();
  if (static_cast<std::uint64_t>(file.st_size) < offset + head + ring) {
    return make_error(ErrorCode::Corrupt, "the file of a ring has {} bytes, not {} or more",
                      file.st_size, offset + head + ring);
  }
  MirroredMapping mapping;
  mapping.head_ = head;
  mapping.ring_ = ring;
  if (!mapping.map_parts(fd, offset, protection)) return failed();
  return mapping;
}

void MirroredMapping::load_pages(detail::Protection protection) const noexcept {
  detail::load_pages(address_, bytes().size(), protection);
}

bool MirroredMapping::map_parts(int fd, std::uint64_t offset, detail::Protection protection) {
  const int access = protection == detail::Protection::Read ? PROT_READ : PROT_READ | PROT_WRITE;
  const detail::ForkPause held;
  // Reserves the addresses.
  void* const reserved = ::mmap(nullptr, head_ + 2 * ring_, PROT_NONE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED) return false;
  address_ = static_cast<std::byte*>(reserved);
  detail::guard_mapping(bytes(), held);  // from here on the destructor unmaps it
  constexpr int kFlags = MAP_SHARED | MAP_FIXED;
  if (::mmap(head(), head_ + ring_, access, kFlags, fd, static_cast<off_t>(offset)) == MAP_FAILED) {
    return false;
  }
  return ring_ == 0 || ::mmap(ring() + ring_, ring_, access, kFlags, fd,
                              static_cast<off_t>(offset + head_)) != MAP_FAILED;
}

}  // namespace evo::links
