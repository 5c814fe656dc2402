// SPDX-License-Identifier: Apache-2.0
#include "evo/text.hpp"

#include <gtest/gtest.h>

namespace evo::test {
namespace {

TEST(Printable, KeepsWhatCanBeShown) {
  EXPECT_EQ(printable("hal_core /opt/Käse/€ 𝄞"), "hal_core /opt/Käse/€ 𝄞");
}

TEST(Printable, ReplacesEveryControlCharacter) {
  for (int c = 0; c < 0x20; ++c) EXPECT_EQ(printable(std::string(1, static_cast<char>(c))), "?");
  EXPECT_EQ(printable("\x7f"), "?");
  for (int c = 0x80; c < 0xa0; ++c) {
    EXPECT_EQ(printable(std::string("\xc2") + static_cast<char>(c)), "?") << c;
  }
  EXPECT_EQ(printable("\u00a0"), "\u00a0") << "the first character that is not one";
}

TEST(Printable, ReplacesWhatIsNotUtf8) {
  for (const char* text :
       {"\x80", "\x9b", "\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80"}) {
    const std::string shown = printable(text);
    EXPECT_EQ(shown, std::string(std::string_view(text).size(), '?')) << shown;
  }
}

TEST(Printable, ReplacesWhatTurnsOrEndsALineOfText) {
  for (const char* character :
       {"\u061c", "\u200e", "\u200f", "\u2028", "\u2029", "\u202a", "\u202b", "\u202c", "\u202d",
        "\u202e", "\u2066", "\u2067", "\u2068", "\u2069"}) {
    EXPECT_EQ(printable(std::string("a") + character + "b"), "a?b");
  }
  for (const char* neighbour :
       {"\u061b", "\u200d", "\u2010", "\u2027", "\u202f", "\u2065", "\u206a"}) {
    EXPECT_EQ(printable(neighbour), neighbour);
  }
}

TEST(Printable, ReplacesWhatUnicodeCallsNoCharacter) {
  for (const char* text : {"\xef\xbf\xbe", "\xef\xbf\xbf", "\xef\xb7\x90", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_EQ(printable(text), "?");
  }
  EXPECT_EQ(printable("\ufffd\ufdcf\ufdf0"), "\ufffd\ufdcf\ufdf0");
}

TEST(JsonEscaped, EscapesEachControlAndKeepsTheRest) {
  EXPECT_EQ(json_escaped("Käse \"\\/\" \x1b\x7f\u009b\u202e\xff\xef\xbf\xbf"),
            R"(Käse \"\\/\" \u001b\u007f\u009b\u202e\ufffd\ufffd)");
}

}  // namespace
}  // namespace evo::test
