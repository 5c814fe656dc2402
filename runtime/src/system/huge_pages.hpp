/// Transparent huge pages behind a mapping of a file on a tmpfs.
///
/// A tmpfs gives them where its mount says so (`huge=advise` and more), and lays mappings that are
/// long enough on fitting addresses by itself. But space that is reserved before use, as that of
/// data files is, comes in single pages: those have to be gathered.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>

namespace evo::detail {

/// Moves the pages into huge ones, as far as the kernel can (Linux 6.1 and later). For a file that
/// nobody else maps yet: others would lose the pages that they have faulted in.
void gather_huge_pages(std::byte* address, std::size_t size);

/// What /proc/self/smaps says of the mapping that begins at an address.
struct MappedPages {
  bool huge = false;  ///< some of it is mapped by huge pages
  dev_t device = 0;   ///< of the file's file system
};
[[nodiscard]] MappedPages mapped_pages(const std::byte* address);

/// Where the kernel tells what it gives.
struct HugePageSettings {
  std::filesystem::path directory = "/sys/kernel/mm/transparent_hugepage";
  std::filesystem::path mounts = "/proc/self/mountinfo";
};

/// Why a mapping of so many bytes of a file there has no huge pages, and what to do.
[[nodiscard]] std::string why_no_huge_pages(std::size_t size, dev_t device,
                                            const HugePageSettings& settings = {});

}  // namespace evo::detail
