// SPDX-License-Identifier: Apache-2.0
#include "doctor/storage_checks.hpp"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <sstream>

#include "evo/text.hpp"
#include "inspect/labels.hpp"

namespace evo::tools {

namespace {

/// A tmpfiles.d line about the age of files: `d /tmp 1777 root root 10d`.
struct AgeingRule {
  std::string path;
  std::string age;         ///< empty: an exclusion
  bool contents = true;    ///< exclusions only: also what is below the path
  std::string_view where;  ///< the file that has it
};

std::optional<AgeingRule> ageing_rule(const std::string& line, std::string_view where) {
  std::istringstream words(line);
  std::string type;
  std::string mode;
  std::string user;
  std::string group;
  AgeingRule rule{.path = {}, .age = {}, .where = where};
  words >> type >> rule.path >> mode >> user >> group >> rule.age;
  if (type.empty() || type.front() == '#' || rule.path.empty()) return std::nullopt;
  const char letter = type.front();
  if (letter == 'x' || letter == 'X') {
    rule.age.clear();
    rule.contents = letter == 'x';
    return rule;
  }
  constexpr std::string_view kDirectories = "dDevqQC";
  if (kDirectories.find(letter) == std::string_view::npos) return std::nullopt;
  if (rule.age.empty() || rule.age == "-") return std::nullopt;
  return rule;
}

std::vector<AgeingRule> ageing_rules(const std::vector<TmpfilesFile>& files) {
  std::vector<AgeingRule> rules;
  for (const TmpfilesFile& file : files) {
    std::istringstream lines(file.text);
    for (std::string line; std::getline(lines, line);) {
      if (auto rule = ageing_rule(line, file.name)) rules.push_back(std::move(*rule));
    }
  }
  return rules;
}

/// Whether the pattern of a rule matches `path` or, if the rule covers contents, a directory above
/// it.
bool covers(const AgeingRule& rule, std::filesystem::path path) {
  for (bool itself = true;; itself = false) {
    if ((itself || rule.contents) &&
        ::fnmatch(rule.path.c_str(), path.c_str(), FNM_PATHNAME | FNM_PERIOD) == 0) {
      return true;
    }
    if (path == path.parent_path()) return false;
    path = path.parent_path();
  }
}

}  // namespace

Check check_directory(const std::filesystem::path& path, const Directory& directory,
                      std::uint32_t us) {
  constexpr std::string_view kName = "directory";
  if (!directory.exists) {
    return directory.writable
               ? ok(kName, fmt::format("{} does not exist yet; the first writer creates it",
                                       path.string()))
               : wrong(kName, fmt::format("{} does not exist and user {} may not create it; create "
                                          "it, or set EVO_DOMAIN to another directory",
                                          path.string(), us));
  }
  const std::string what = fmt::format("{}, mode {:04o}, owned by user {}", path.string(),
                                       directory.mode, directory.owner);
  constexpr std::uint32_t kSticky = 01000;
  constexpr std::uint32_t kWritableByOthers = 0022;
  if ((directory.mode & kWritableByOthers) != 0 && (directory.mode & kSticky) == 0) {
    return wrong(kName, fmt::format("{}: others may remove and replace the segments' files; "
                                    "chmod go-w, or +t if several users write here",
                                    what));
  }
  if (directory.owner != us && directory.owner != 0) {
    return warning(kName, fmt::format("{}: its owner may replace every file in it; use a domain of "
                                      "your own unless the owner is the module's user",
                                      what));
  }
  if (!directory.writable) {
    return warning(kName, fmt::format("{}: user {} can read segments here but not create any; run "
                                      "writers as its owner",
                                      what, us));
  }
  return ok(kName, what);
}

Check check_file_system(const Storage& storage) {
  constexpr std::string_view kName = "file_system";
  if (storage.read_only) {
    return wrong(kName,
                 "mounted read-only: no module can create a segment or attach to one; remount it "
                 "(mount -o remount,rw), or choose another domain");
  }
  if (storage.is_tmpfs) return ok(kName, "tmpfs");
  return wrong(kName,
               "not a tmpfs: the kernel writes the pages to disk, and the next store to each page "
               "then causes a page fault; choose a domain under /dev/shm");
}

Check check_space(const Storage& storage) {
  if (storage.size == 0) return ok("space", "the file system has no limit of its own");
  const std::string what =
      fmt::format("{} of {} free", size_in_words(storage.free), size_in_words(storage.size));
  const std::string remedy =
      "; remove what is not needed (evo-shm cleanup), or mount it with a larger size=";
  if (storage.free < storage.size / 100) return wrong("space", what + remedy);
  if (storage.free < storage.size / 10) return warning("space", what + remedy);
  return ok("space", what);
}

Check check_inodes(const Storage& storage) {
  constexpr std::string_view kName = "inodes";
  if (storage.inodes == 0) return ok(kName, "the file system does not limit the number of files");
  const std::string what =
      fmt::format("{} of {} free; a segment takes three", storage.free_inodes, storage.inodes);
  const std::string remedy = "; remove files, or mount it with a larger nr_inodes=";
  if (storage.free_inodes < storage.inodes / 100) return wrong(kName, what + remedy);
  if (storage.free_inodes < storage.inodes / 10) return warning(kName, what + remedy);
  return ok(kName, what);
}

Check check_memory_groups(const std::vector<MemoryGroup>& groups) {
  constexpr std::string_view kName = "cgroup_memory";
  if (groups.empty()) return ok(kName, "no control group limits the memory");
  const auto free = [](const MemoryGroup& group) {
    return group.limit - std::min(group.used, group.limit);
  };
  const auto killed = std::ranges::max_element(groups, {}, &MemoryGroup::kills);
  const auto tightest = std::ranges::min_element(groups, {}, [&](const MemoryGroup& group) {
    return static_cast<double>(free(group)) / static_cast<double>(std::max(group.limit, 1UL));
  });
  const auto describe = [&](const MemoryGroup& group) {
    return fmt::format("'{}' may use {}, {} free", printable(group.path),
                       size_in_words(group.limit), size_in_words(free(group)));
  };
  constexpr std::string_view kRemedy =
      "; segments are charged to the module that creates them: raise the limit (MemoryMax= in the "
      "unit, --memory of the container)";
  if (killed->kills != 0) {
    return warning(
        kName, fmt::format("{}, and the kernel has killed {} of its processes for exceeding it{}",
                           describe(*killed), killed->kills, kRemedy));
  }
  if (free(*tightest) < tightest->limit / 10) {
    return warning(kName, fmt::format("{}{}", describe(*tightest), kRemedy));
  }
  return ok(kName, describe(*tightest));
}

Check check_ageing(const std::filesystem::path& domain, const std::vector<TmpfilesFile>& files) {
  constexpr std::string_view kName = "ageing";
  if (files.empty()) return ok(kName, "there is no systemd-tmpfiles");
  const AgeingRule* nearest = nullptr;
  const auto rules = ageing_rules(files);
  for (const AgeingRule& rule : rules) {
    if (!covers(rule, domain)) continue;
    if (rule.age.empty()) return ok(kName, fmt::format("{} excludes it", rule.where));
    if (nearest == nullptr || rule.path.size() > nearest->path.size()) nearest = &rule;
  }
  if (nearest == nullptr || nearest->age.starts_with("0")) {
    return ok(kName, "systemd-tmpfiles leaves it alone");
  }
  return wrong(
      kName,
      fmt::format("systemd-tmpfiles removes files in {} that are older than {} ({}), and live "
                  "segments look old: writes to mapped memory do not update file times; choose a "
                  "domain under /dev/shm, or exclude it: 'x {}' in /etc/tmpfiles.d/evo.conf",
                  printable(nearest->path), printable(nearest->age), nearest->where,
                  printable(domain.string())));
}

}  // namespace evo::tools
