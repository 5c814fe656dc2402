#include "text.hpp"

#include <gtest/gtest.h>

namespace evo::test {
namespace {

TEST(Printable, KeepsWhatCanBeShown) {
  EXPECT_EQ(detail::printable("hal_core /opt/Käse/€ 𝄞"), "hal_core /opt/Käse/€ 𝄞");
}

TEST(Printable, ReplacesEveryControlCharacter) {
  for (int c = 0; c < 0x20; ++c)
    EXPECT_EQ(detail::printable(std::string(1, static_cast<char>(c))), "?");
  EXPECT_EQ(detail::printable("\x7f"), "?");
  for (int c = 0x80; c < 0xa0; ++c) {
    EXPECT_EQ(detail::printable(std::string("\xc2") + static_cast<char>(c)), "?") << c;
  }
  EXPECT_EQ(detail::printable("\u00a0"), "\u00a0") << "the first that is not one";
}

TEST(Printable, ReplacesWhatIsNotUtf8) {
  for (const char* text :
       {"\x80", "\x9b", "\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80"}) {
    const std::string shown = detail::printable(text);
    EXPECT_EQ(shown, std::string(std::string_view(text).size(), '?')) << shown;
  }
}

}  // namespace
}  // namespace evo::test
