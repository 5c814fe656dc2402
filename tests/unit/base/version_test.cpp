// SPDX-License-Identifier: Apache-2.0
/// The umbrella header, and the version in it.
#include <gtest/gtest.h>
#include <evo/evo.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

namespace evo::test {
namespace {

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Version, IsThatOfTheProject) {
  EXPECT_EQ(kVersion, EVO_PROJECT_VERSION);
}

TEST(Umbrella, IncludesEachPublicHeaderButFormerNames) {
  const std::filesystem::path headers = EVO_PUBLIC_HEADERS;
  const std::string umbrella = text_of(headers / "evo.hpp");
  // They come with the classes that use them.
  const std::set<std::string> left_out{"evo.hpp",         "item.hpp",       "loan.hpp",
                                       "sample.hpp",      "field_name.hpp", "view.hpp",
                                       "writer_state.hpp"};
  for (const auto& entry : std::filesystem::directory_iterator(headers)) {
    const std::string name = entry.path().filename();
    if (!entry.is_regular_file() || left_out.contains(name)) continue;
    if (text_of(entry.path()).find("to be removed in version") != std::string::npos) continue;
    EXPECT_NE(umbrella.find("#include \"evo/" + name + '"'), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace evo::test
