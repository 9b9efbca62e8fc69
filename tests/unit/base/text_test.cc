#include "base/text.h"

#include <gtest/gtest.h>

#include "base/utf8.h"

namespace tamada {
namespace {

using Words = std::vector<std::string>;

TEST(Text, lists_are_trimmed_and_keep_no_empty_parts) {
  EXPECT_EQ(split("a,,b", ','), (Words{"a", "", "b"}));
  EXPECT_EQ(split("", ','), (Words{""}));
  EXPECT_EQ(split_list(" a , ,b"), (Words{"a", "b"}));
  EXPECT_EQ(trim("\t x \n"), "x");
  EXPECT_EQ(trim("  "), "");
  EXPECT_EQ(replace_all("a.b.c", ".", "__"), "a__b__c");
  EXPECT_EQ(join({"a", "b"}, ", "), "a, b");
  EXPECT_TRUE(equal_ignoring_case("Work_Mem", "work_mem"));
  EXPECT_FALSE(equal_ignoring_case("a", "ab"));
}

TEST(SplitCommand, follows_the_shell) {
  const auto words = [](std::string_view text) { return split_command(text).value_or({"error"}); };
  EXPECT_EQ(words("a  b\tc"), (Words{"a", "b", "c"}));
  EXPECT_EQ(words(R"(cp '%p' "a b"/c\ d '' "x\"y\\z\n")"), (Words{"cp", "%p", "a b/c d", "", "x\"y\\z\\n"}));
  EXPECT_EQ(words(""), Words{});
  EXPECT_FALSE(split_command("a 'b"));
  EXPECT_FALSE(split_command("a \"b"));
  EXPECT_FALSE(split_command("a\\"));
}

TEST(Base64, goes_there_and_back) {
  for (std::string text : {"", "f", "fo", "foo", "foob", "fooba", "foobar"}) {
    EXPECT_EQ(base64_decode(base64_encode(text)), text);
  }
  EXPECT_EQ(base64_encode("foob"), "Zm9vYg==");
  EXPECT_EQ(base64_decode("Zm9vYg"), "foob");
  EXPECT_FALSE(base64_decode("Zm9vY"));
  EXPECT_FALSE(base64_decode("Zm9?"));
  EXPECT_FALSE(base64_decode("Zg==Zg=="));
}

TEST(Iso8601, instants_are_read_in_their_zone) {
  const auto at = parse_iso8601("2030-01-01T10:00:00+02:00");
  ASSERT_TRUE(at);
  EXPECT_TRUE(at->has_zone);
  EXPECT_EQ(at->offset_minutes, 120);
  EXPECT_EQ(format_iso8601(at->time), "2030-01-01T08:00:00+00:00");
  EXPECT_EQ(format_iso8601(at->time, 120), "2030-01-01T10:00:00+02:00");
  EXPECT_EQ(format_iso8601(parse_iso8601("2030-01-01 10:00:00.25-0330")->time), "2030-01-01T13:30:00.250000+00:00");
  EXPECT_EQ(format_iso8601(parse_iso8601("2030-01-01T10:00Z")->time), "2030-01-01T10:00:00+00:00");
  EXPECT_EQ(format_iso8601(parse_iso8601("2030-01-01 10:00 UTC")->time), "2030-01-01T10:00:00+00:00");
  EXPECT_EQ(format_iso8601(parse_iso8601("1969-12-31T23:59:59.5Z")->time, -90), "1969-12-31T22:29:59.500000-01:30");
}

TEST(Iso8601, a_missing_zone_is_told) {
  EXPECT_FALSE(parse_iso8601("2030-01-01T10:00:00")->has_zone);
  EXPECT_FALSE(parse_iso8601("2030-01-01")->has_zone);
}

TEST(Iso8601, what_is_no_date_gives_nothing) {
  for (const char* text : {"", "junk", "2030-02-30T00:00:00Z", "2030-01-01T25:00:00Z", "2030-01-01T10:00:00+",
                           "2030-1-1", "2030-01-01T10:00:00Zx", "2030-01-01X", "2030-01-01T10:00:00."}) {
    EXPECT_FALSE(parse_iso8601(text)) << text;
  }
}

TEST(Utf8, bad_sequences_count_byte_by_byte) {
  EXPECT_TRUE(is_valid_utf8("aé€😀"));
  EXPECT_EQ(utf8_length("aé€😀"), 4u);
  for (const char* text : {"\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80"}) {
    EXPECT_FALSE(is_valid_utf8(text));
  }
}

}  // namespace
}  // namespace tamada
