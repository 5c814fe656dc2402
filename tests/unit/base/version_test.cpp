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

TEST(Version, IsThatOfTheProject) {
  EXPECT_EQ(kVersion, EVO_PROJECT_VERSION);
}

TEST(Umbrella, IncludesEachPublicHeaderButTheFormats) {
  const std::filesystem::path headers = EVO_PUBLIC_HEADERS;
  std::ifstream file(headers / "evo.hpp");
  const std::string umbrella{std::istreambuf_iterator<char>(file), {}};
  // Formats are for tools. The others come with the classes that use them.
  const std::set<std::string> left_out{
      "evo.hpp",  "slot.hpp",   "segment_header.hpp", "item.hpp", "control_file.hpp",
      "loan.hpp", "sample.hpp", "field_name.hpp",     "view.hpp", "writer_state.hpp"};
  for (const auto& entry : std::filesystem::directory_iterator(headers)) {
    const std::string name = entry.path().filename();
    if (!entry.is_regular_file() || left_out.contains(name)) continue;
    EXPECT_NE(umbrella.find("#include \"evo/" + name + '"'), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace evo::test
