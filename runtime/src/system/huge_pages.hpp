// SPDX-License-Identifier: Apache-2.0
/// Transparent huge pages for mappings of files on a tmpfs.
///
/// A tmpfs provides huge pages if its mount allows it (`huge=advise` and others), and places
/// mappings that are long enough at suitable addresses. But memory that is reserved before use, as
/// for data files, comes in single pages. Those must be gathered into huge pages.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>

namespace evo::detail {

/// Moves the pages into huge ones, as far as the kernel can (Linux 6.1 and later). Only for a file
/// that no other process maps yet: it would lose the pages that it has faulted in.
void gather_huge_pages(std::byte* address, std::size_t size);

/// What /proc/self/smaps says about the mapping that begins at an address.
struct MappedPages {
  bool huge = false;  ///< some of it is mapped by huge pages
  dev_t device = 0;   ///< of the file's file system
};
[[nodiscard]] MappedPages mapped_pages(const std::byte* address);

/// Where the kernel publishes its huge page settings.
struct HugePageSettings {
  std::filesystem::path directory = "/sys/kernel/mm/transparent_hugepage";
  std::filesystem::path mounts = "/proc/self/mountinfo";
};

/// Explains why a mapping of `size` bytes of a file on `device` has no huge pages, and what to do.
[[nodiscard]] std::string why_no_huge_pages(std::size_t size, dev_t device,
                                            const HugePageSettings& settings = {});

}  // namespace evo::detail
