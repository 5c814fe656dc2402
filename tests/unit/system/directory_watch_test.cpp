// SPDX-License-Identifier: Apache-2.0
/// Detects changes in a directory that may be created and removed.
#include "system/directory_watch.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "evo/clock.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

TEST(DirectoryWatch, WaitsNotLongerThanAsked) {
  const TemporaryDomain directory;
  detail::DirectoryWatch watch(directory.domain(), detail::Watched::Names);
  watch.wait("probe", std::chrono::nanoseconds(0));
  watch.wait("probe", std::chrono::nanoseconds(-5));
  const std::uint64_t start = monotonic_ns();
  watch.wait("probe", std::chrono::milliseconds(3));
  EXPECT_GE(monotonic_ns() - start, 3'000'000U) << "it waited although nothing happened";
}

TEST(DirectoryWatch, OfADomainThatIsMissingLooksAtItsAncestors) {
  const TemporaryDomain directory;
  detail::DirectoryWatch watch(Domain(directory.path() / "a" / "b" / "c"), detail::Watched::Names);
  std::filesystem::create_directory(directory.path() / "a");
  watch.wait("probe", std::chrono::hours(1));
}

TEST(DirectoryWatch, OfNamesIsNotWokenByWhoeverUsesTheFiles) {
  const TemporaryDomain directory;
  const auto touched = [&](detail::Watched watched) {
    detail::DirectoryWatch watch(directory.domain(), watched);
    std::ofstream(directory.path() / "evo_probe.ctl", std::ios::app).close();
    std::size_t count = 0;
    static_cast<void>(watch.take([&](std::string_view) { ++count; }));
    return count;
  };
  EXPECT_EQ(touched(detail::Watched::Names), 1U) << "the file was created";
  EXPECT_EQ(touched(detail::Watched::Names), 0U) << "the file was only opened and closed";
  EXPECT_EQ(touched(detail::Watched::NamesAndUse), 1U);
}

}  // namespace
}  // namespace evo::test
