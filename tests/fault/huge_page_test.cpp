// SPDX-License-Identifier: Apache-2.0
/// A tmpfs that provides huge pages, and some that do not: which segments receive them, and what
/// the memory report says for the others.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "fault_matrix.hpp"
#include "mounted_tmpfs.hpp"
#include "segment_ends.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

constexpr std::size_t kMegabyte = std::size_t{1} << 20;
constexpr const char* kGiving = "size=64m,huge=advise";
constexpr MemoryOptions kHuge{.huge_pages = true};

std::string shmem_setting() {
  std::ifstream file("/sys/kernel/mm/transparent_hugepage/shmem_enabled");
  std::string line;
  std::getline(file, line);
  return line;
}

/// This process's mappings of data files by huge pages, according to smaps.
struct HugeMappings {
  std::uint64_t bytes = 0;
  bool aligned = true;  ///< each begins at a multiple of the huge page size

  [[nodiscard]] std::string text() const {
    return fmt::format("{} MiB{}", bytes / kMegabyte, aligned ? "" : ", not aligned");
  }
};

HugeMappings huge_mappings() {
  std::ifstream smaps("/proc/self/smaps");
  HugeMappings found;
  std::uint64_t begin = 0;
  for (std::string line; std::getline(smaps, line);) {
    if (line.find('-') < line.find(' ')) begin = std::stoull(line, nullptr, 16);
    if (!line.starts_with("ShmemPmdMapped:")) continue;
    const std::uint64_t kilobytes = std::stoull(line.substr(line.find(':') + 1));
    found.bytes += kilobytes * 1024;
    found.aligned = found.aligned && (kilobytes == 0 || begin % (2 * kMegabyte) == 0);
  }
  return found;
}

/// "huge", or why not.
std::string pages_of(const MemoryReport& report) {
  return report.huge_pages ? "huge" : report.note;
}

class HugePages : public testing::Test {
 protected:
  void SetUp() override {
    const std::string setting = shmem_setting();
    if (setting.empty()) GTEST_SKIP() << "this kernel has no huge pages for shared memory";
    if (contains(setting, "[deny]")) GTEST_SKIP() << "shmem_enabled is 'deny'";
    const ChildResult probe =
        on_tmpfs(directory_.path(), kGiving, []() -> std::string { return "mounted"; });
    if (probe.text != "mounted") GTEST_SKIP() << probe.text;
  }

  [[nodiscard]] RawStateWriter writer(const MemoryOptions& memory,
                                      OnOrphan on_orphan = OnOrphan::TakeOver) const {
    return RawStateWriter::create(
               channel_, {.domain = directory_.domain(), .memory = memory, .on_orphan = on_orphan})
        .value();
  }
  [[nodiscard]] RawStateReader reader(const MemoryOptions& memory) const {
    return RawStateReader::attach(channel_, {.domain = directory_.domain(), .memory = memory})
        .value();
  }
  void leave_orphan_with(const MemoryOptions& memory) const {
    in_child([&]() -> std::string {
      RawStateWriter doomed = writer(memory);
      publish(doomed, 7);
      die();
    });
  }

  TemporaryDomain directory_;
  ChannelDescription channel_ = raw_channel("large", 3 * kMegabyte);  // four slots of it
};

/// How many the kernel has depends on how scattered the free memory is.
TEST_F(HugePages, AreGivenToBothEnds) {
  const ChildResult child = on_tmpfs(directory_.path(), kGiving, [&]() -> std::string {
    RawStateWriter own_writer = writer(kHuge);
    const HugeMappings of_writer = huge_mappings();
    RawStateReader own_reader = reader(kHuge);
    const HugeMappings of_both = huge_mappings();
    publish(own_writer, 9);
    const bool as_many = of_writer.bytes > 0 && of_both.bytes == 2 * of_writer.bytes;
    return fmt::format(
        "{}, {}, {}, reads {}", pages_of(own_writer.memory()), pages_of(own_reader.memory()),
        as_many && of_both.aligned ? "as many for both" : of_both.text(), read_whole(own_reader));
  });
  EXPECT_EQ(child.text, "huge, huge, as many for both, reads 9");
  tried(2, "huge=advise: writer and reader are mapped by huge pages");
}

TEST_F(HugePages, AreNotTakenUnasked) {
  const ChildResult child = on_tmpfs(directory_.path(), kGiving, [&]() -> std::string {
    const RawStateWriter own_writer = writer({});
    const RawStateReader own_reader = reader({});
    return fmt::format("'{}' '{}' {}", pages_of(own_writer.memory()), pages_of(own_reader.memory()),
                       huge_mappings().text());
  });
  EXPECT_EQ(child.text, "'' '' 0 MiB");
  tried(2, "not asked for: none, and no note");
}

TEST_F(HugePages, AreASuccessorsToo) {
  const ChildResult child = on_tmpfs(directory_.path(), kGiving, [&]() -> std::string {
    leave_orphan_with(kHuge);
    const RawStateWriter successor = writer(kHuge);
    return fmt::format("{} after {}", pages_of(successor.memory()),
                       successor.current_version() / 2);
  });
  EXPECT_EQ(child.text, "huge after 7");
  tried(1, "taken over in place: still huge pages");
}

TEST_F(HugePages, AreNotGatheredUnderThoseWhoReadAlready) {
  const ChildResult child = on_tmpfs(directory_.path(), kGiving, [&]() -> std::string {
    leave_orphan_with({});
    const RawStateReader own_reader = reader(kHuge);
    if (!contains(pages_of(own_reader.memory()), "did not request"))
      return own_reader.memory().note;
    const auto successor = std::optional(writer(kHuge));
    if (!contains(pages_of(successor->memory()), "did not request"))
      return successor->memory().note;
    return huge_mappings().text();
  });
  EXPECT_EQ(child.text, "0 MiB");
  const ChildResult recreated = on_tmpfs(directory_.path(), kGiving, [&]() -> std::string {
    leave_orphan_with({});
    return pages_of(writer(kHuge, OnOrphan::Replace).memory());
  });
  EXPECT_EQ(recreated.text, "huge");
  tried(3, "made without: stays without until it is recreated");
}

TEST_F(HugePages, AreMissingWhereTheMountGivesNone) {
  std::size_t tries = 0;
  for (const char* options : {"size=64m,huge=never", "size=64m"}) {
    const ChildResult child = on_tmpfs(directory_.path(), options, [&]() -> std::string {
      return pages_of(writer(kHuge).memory());
    });
    // Newer kernels may be built to provide them by default.
    if (child.text == "huge" && !contains(options, "huge=")) continue;
    EXPECT_EQ(child.text,
              fmt::format("no huge pages: the tmpfs at {0} is mounted without huge=; run mount -o "
                          "remount,huge=advise {0}",
                          directory_.path().string()));
    ++tries;
  }
  tried(tries, "huge=never: ordinary pages, and a note that names the mount");
}

TEST_F(HugePages, DoNotTakeMoreRoomThanThereIs) {
  const ChildResult child = on_tmpfs(directory_.path(), "size=13m,huge=advise", [&] {
    RawStateWriter own_writer = writer(kHuge);
    publish(own_writer, 9);
    return attach_and_read(directory_.domain(), channel_);
  });
  EXPECT_EQ(child.text, "9");
  EXPECT_EQ(child.status, 0) << "SIGBUS is " << SIGBUS;
  tried(1, "barely room: the segment works, no SIGBUS");
}

}  // namespace
}  // namespace evo::test
