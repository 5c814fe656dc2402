// SPDX-License-Identifier: Apache-2.0
#include "system/huge_pages.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace evo::detail {

namespace {

// From newer asm-generic/mman-common.h.
constexpr int kMadvCollapse = 25;

/// Device of a line of /proc/self/smaps: "7f…-7f… rw-s 00000000 00:1b 1234 /path".
dev_t device_of(const std::string& line) {
  std::istringstream fields(line);
  std::string range;
  std::string rights;
  std::string offset;
  unsigned major = 0;
  unsigned minor = 0;
  char colon = 0;
  fields >> range >> rights >> offset >> std::hex >> major >> colon >> minor;
  return fields ? makedev(major, minor) : 0;
}

std::string first_line(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// The setting in brackets of "always within_size advise [never] deny force".
std::string chosen(const std::string& line) {
  const auto begin = line.find('[');
  const auto end = line.find(']');
  if (begin == line.npos || end == line.npos || end < begin) return "";
  return line.substr(begin + 1, end - begin - 1);
}

struct Mount {
  std::string point;
  std::string type;
  std::string options;  // of the file system itself
};

/// Parses lines such as "36 35 0:27 /root /dev/shm rw,noatime shared:1 - tmpfs tmpfs
/// rw,huge=advise".
std::optional<Mount> find_mount(const std::filesystem::path& mounts, dev_t device) {
  const std::string wanted = fmt::format("{}:{}", major(device), minor(device));
  std::ifstream file(mounts);
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string word;
    std::string number;
    Mount mount;
    fields >> word >> word >> number >> word >> mount.point;
    if (number != wanted) continue;
    while (fields >> word && word != "-") {
    }
    fields >> mount.type >> word >> mount.options;
    return mount;
  }
  return std::nullopt;
}

}  // namespace

void gather_huge_pages(std::byte* address, std::size_t size) {
  // Results are ignored here; mapped_pages() shows what the kernel did.
  ::madvise(address, size, MADV_HUGEPAGE);
  ::madvise(address, size, kMadvCollapse);
}

MappedPages mapped_pages(const std::byte* address) {
  std::ifstream smaps("/proc/self/smaps");
  const std::string start = fmt::format("{:x}-", reinterpret_cast<std::uintptr_t>(address));
  MappedPages pages;
  bool inside = false;
  for (std::string line; std::getline(smaps, line);) {
    if (line.find('-') < line.find(' ')) {
      if (inside) break;
      inside = line.starts_with(start);
      if (inside) pages.device = device_of(line);
    }
    if (!inside) continue;
    std::istringstream fields(line);
    std::string key;
    std::uint64_t kilobytes = 0;
    if (fields >> key >> kilobytes && (key == "ShmemPmdMapped:" || key == "FilePmdMapped:")) {
      pages.huge = pages.huge || kilobytes != 0;
    }
  }
  return pages;
}

std::string why_no_huge_pages(std::size_t size, dev_t device, const HugePageSettings& settings) {
  const std::filesystem::path switch_file = settings.directory / "shmem_enabled";
  const std::string setting = chosen(first_line(switch_file));
  if (setting.empty()) {
    return fmt::format(
        "no huge pages: this kernel has none for shared memory ({} is missing); boot one that is "
        "built with CONFIG_TRANSPARENT_HUGEPAGE",
        switch_file.string());
  }
  if (setting == "deny") {
    return fmt::format(
        "no huge pages: {0} is 'deny'; echo never > {0}, which leaves it to the mount",
        switch_file.string());
  }
  const std::string page_text = first_line(settings.directory / "hpage_pmd_size");
  const std::size_t page = std::strtoull(page_text.c_str(), nullptr, 10);
  if (size < page) {
    return fmt::format("no huge pages: the segment has {} bytes, and a huge page {}", size, page);
  }
  const auto mount = find_mount(settings.mounts, device);
  if (mount && mount->type != "tmpfs") {
    return fmt::format(
        "no huge pages: the domain is on {}, at {}; put it on a tmpfs mounted with huge=advise",
        mount->type, mount->point);
  }
  const bool has_none = mount && (mount->options.find("huge=") == mount->options.npos ||
                                  mount->options.find("huge=never") != mount->options.npos);
  if (has_none && setting != "force") {
    return fmt::format(
        "no huge pages: the tmpfs at {0} is mounted without huge=; run mount -o "
        "remount,huge=advise {0}",
        mount->point);
  }
  return fmt::format(
      "no huge pages: the creator of the segment did not request them, or no {} contiguous bytes "
      "were free, or the kernel predates Linux 6.1; recreate the segment with a writer that "
      "requests them (on_orphan Replace)",
      page);
}

}  // namespace evo::detail
