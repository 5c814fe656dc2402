// SPDX-License-Identifier: Apache-2.0
/// The reasons why there are no huge pages, with kernel settings that the test chooses.
#include "system/huge_pages.hpp"

#include <gtest/gtest.h>
#include <sys/sysmacros.h>

#include <fstream>

#include "outcome.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

class NoHugePages : public testing::Test {
 protected:
  void setting(const std::string& choice) const { write("shmem_enabled", choice); }
  void write(const char* name, const std::string& text) const {
    std::ofstream(directory_.path() / name) << text << '\n';
  }
  [[nodiscard]] std::string why(std::size_t size) const {
    return detail::why_no_huge_pages(
        size, makedev(0, 27),
        {.directory = directory_.path(), .mounts = directory_.path() / "mountinfo"});
  }

  TemporaryDomain directory_;
  static constexpr std::size_t kLarge = std::size_t{8} << 20;
};

TEST_F(NoHugePages, WithoutTheKernelsFeature) {
  EXPECT_TRUE(contains(why(kLarge), "CONFIG_TRANSPARENT_HUGEPAGE")) << why(kLarge);
  EXPECT_TRUE(contains(why(kLarge), "shmem_enabled is missing")) << why(kLarge);
}

TEST_F(NoHugePages, WhereTheyAreDenied) {
  setting("always within_size advise never [deny] force");
  EXPECT_TRUE(contains(why(kLarge), "shmem_enabled is 'deny'")) << why(kLarge);
}

TEST_F(NoHugePages, ForSmallSegments) {
  setting("always within_size advise [never] deny force");
  write("hpage_pmd_size", "2097152");
  EXPECT_TRUE(contains(why(2097151), "2097151 bytes, and a huge page 2097152")) << why(2097151);
  EXPECT_FALSE(contains(why(2097152), "and a huge page")) << why(2097152);
}

TEST_F(NoHugePages, ByTheMount) {
  setting("always within_size advise [never] deny force");
  write("hpage_pmd_size", "2097152");
  const std::string other = "20 1 0:26 / /other rw - tmpfs none rw,huge=always\n";
  write("mountinfo", other + "21 1 0:27 / /seg rw,noatime shared:2 - tmpfs none rw,size=64k");
  EXPECT_TRUE(contains(why(kLarge), "remount,huge=advise /seg")) << why(kLarge);
  write("mountinfo", other + "21 1 0:27 / /seg rw - tmpfs none rw,huge=never");
  EXPECT_TRUE(contains(why(kLarge), "remount,huge=advise /seg")) << why(kLarge);
  write("mountinfo", other + "21 1 0:27 / /seg rw - tmpfs none rw,huge=advise");
  EXPECT_TRUE(contains(why(kLarge), "did not request")) << why(kLarge);
  write("mountinfo", other + "21 1 0:27 / /seg rw master:1 - ext4 /dev/vda rw");
  EXPECT_TRUE(contains(why(kLarge), "the domain is on ext4, at /seg")) << why(kLarge);
}

TEST_F(NoHugePages, WhereTheyAreForcedTheMountIsNotToBlame) {
  setting("always within_size advise never deny [force]");
  write("mountinfo", "21 1 0:27 / /seg rw - tmpfs none rw");
  EXPECT_TRUE(contains(why(kLarge), "did not request")) << why(kLarge);
}

}  // namespace
}  // namespace evo::test
