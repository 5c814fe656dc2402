// SPDX-License-Identifier: Apache-2.0
#include "system/mapping.hpp"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string>

#include "evo/format.hpp"
#include "evo/format/segment_header.hpp"
#include "system/fork_guard.hpp"
#include "system/huge_pages.hpp"

namespace evo::detail {

namespace {

// From linux/mempolicy.h and newer asm-generic/mman-common.h, which Debian 12's
// headers may lack.
constexpr int kMpolBind = 2;
constexpr unsigned kMpolMfMove = 2;
constexpr int kMadvPopulateRead = 22;
constexpr int kMadvPopulateWrite = 23;

bool bind_to_node(std::byte* address, std::size_t size, int node) {
  constexpr std::size_t kBits = 8 * sizeof(unsigned long);
  std::array<unsigned long, 16> mask{};
  const auto bit = static_cast<std::size_t>(node);
  if (bit >= kBits * mask.size()) return false;
  mask[bit / kBits] = 1UL << (bit % kBits);
  return ::syscall(SYS_mbind, address, size, kMpolBind, mask.data(), kBits * mask.size(),
                   kMpolMfMove) == 0;
}

}  // namespace

bool load_pages(std::byte* address, std::size_t size, Protection protection) {
  const int advice = protection == Protection::Read ? kMadvPopulateRead : kMadvPopulateWrite;
  if (::madvise(address, size, advice) == 0) return true;
  // Before Linux 5.14: touch each page. A read is enough, because the file's pages are allocated
  // and tmpfs does not write-protect shared mappings.
  for (std::size_t offset = 0; offset < size; offset += kPageSize) {
    [[maybe_unused]] const volatile std::byte touched = address[offset];
  }
  return true;
}

void add_note(MemoryReport& report, std::string_view note) {
  if (!report.note.empty() && !note.empty()) report.note += "; ";
  report.note += note;
}

Mapping::~Mapping() {
  if (address_ == nullptr) return;
  if (!guarded_) {
    ::munmap(address_, size_);
    return;
  }
  const ForkPause held;
  forget_mapping(bytes(), held);
  ::munmap(address_, size_);
}

Result<Mapping> Mapping::map(int fd, std::size_t size, Protection protection,
                             InChildren in_children) {
  const int access = protection == Protection::Read ? PROT_READ : PROT_READ | PROT_WRITE;
  // Also around the mmap(): a child that another thread forks never inherits the mapping.
  std::optional<ForkPause> held;
  if (in_children == InChildren::ZeroPages) held.emplace();
  void* address = ::mmap(nullptr, size, access, MAP_SHARED, fd, 0);
  if (address == MAP_FAILED) {
    return make_system_error(errno, fmt::format("cannot map {} bytes", size));
  }
  Mapping mapping;
  mapping.address_ = static_cast<std::byte*>(address);
  mapping.size_ = size;
  if (!held) return mapping;
  guard_mapping(mapping.bytes(), *held);
  mapping.guarded_ = true;
  return mapping;
}

void Mapping::gather_huge_pages() const {
  detail::gather_huge_pages(address_, size_);
}

Result<MemoryReport> Mapping::apply(const MemoryOptions& options, Protection protection) {
  MemoryReport report;
  if (options.numa_node >= 0) {
    report.numa_bound = bind_to_node(address_, size_, options.numa_node);
    if (!report.numa_bound) {
      add_note(report,
               fmt::format("not bound to NUMA node {}: the kernel refused", options.numa_node));
    }
  }
  if (options.huge_pages) ::madvise(address_, size_, MADV_HUGEPAGE);
  if (options.prefault) report.prefaulted = load_pages(address_, size_, protection);
  if (options.huge_pages) {
    const MappedPages pages = mapped_pages(address_);
    report.huge_pages = pages.huge;
    if (!report.huge_pages) {
      add_note(report, options.prefault
                           ? why_no_huge_pages(size_, pages.device)
                           : "no huge pages yet: nothing is mapped before it is touched; ask for "
                             "prefault, too");
    }
  }
  if (options.lock) {
    if (::mlock(address_, size_) != 0) {
      const int error = errno;
      rlimit limit{};
      ::getrlimit(RLIMIT_MEMLOCK, &limit);
      return tl::unexpected(
          Error{ErrorCode::ResourceExhausted,
                fmt::format("cannot lock {} bytes in memory: RLIMIT_MEMLOCK is {} bytes; raise it "
                            "(ulimit -l, or LimitMEMLOCK= in the unit), or do not ask for lock",
                            size_, limit.rlim_cur),
                error});
    }
    report.locked = true;
  }
  return report;
}

}  // namespace evo::detail
