/// Noticing what happens in a directory that may come and go.
#include "directory_watch.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "evo/clock.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

TEST(DirectoryWatch, WaitsNotLongerThanAsked) {
  const TemporaryDomain directory;
  detail::DirectoryWatch watch(directory.domain());
  watch.wait(std::chrono::nanoseconds(0));
  watch.wait(std::chrono::nanoseconds(-5));
  const std::uint64_t start = monotonic_ns();
  watch.wait(std::chrono::milliseconds(3));
  EXPECT_GE(monotonic_ns() - start, 3'000'000U) << "nothing happened";
}

TEST(DirectoryWatch, OfADomainThatIsMissingLooksAtItsAncestors) {
  const TemporaryDomain directory;
  detail::DirectoryWatch watch(Domain(directory.path() / "a" / "b" / "c"));
  std::filesystem::create_directory(directory.path() / "a");
  watch.wait(std::chrono::hours(1));
}

}  // namespace
}  // namespace evo::test
