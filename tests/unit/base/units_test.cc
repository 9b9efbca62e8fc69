#include "base/units.h"

#include <gtest/gtest.h>

namespace tamada {
namespace {

TEST(Units, integers_are_read_in_every_base) {
  EXPECT_EQ(parse_integer("42"), 42);
  EXPECT_EQ(parse_integer(" -42 "), -42);
  EXPECT_EQ(parse_integer("+7"), 7);
  EXPECT_EQ(parse_integer("0x1F"), 31);
  EXPECT_EQ(parse_integer("0644"), 420);
  EXPECT_EQ(parse_integer("0"), 0);
  EXPECT_EQ(parse_integer("1e3"), 1000);
  EXPECT_EQ(parse_integer("2.5"), 2);
  EXPECT_EQ(parse_integer("3.5"), 4);
  EXPECT_EQ(parse_integer("0.5"), 0);
  EXPECT_EQ(parse_integer("9223372036854775807"), 9223372036854775807);
}

TEST(Units, what_is_no_integer_gives_nothing) {
  for (const char* text :
       {"", " ", "abc", "08", "1x", "-", "+-1", "0x", "1e30", "inf", "nan", "True", "10MB", "--1", "1 2"}) {
    EXPECT_FALSE(parse_integer(text)) << text;
  }
}

TEST(Units, values_are_converted_to_the_base_unit) {
  EXPECT_EQ(parse_integer("1GB", "8kB"), 131072);
  EXPECT_EQ(parse_integer("1024MB", "8kB"), 131072);
  EXPECT_EQ(parse_integer("4MB", "kB"), 4096);
  EXPECT_EQ(parse_integer("1GB", "16MB"), 64);
  EXPECT_EQ(parse_integer("4097.5kB", "kB"), 4098);
  EXPECT_EQ(parse_integer("1.1 GB", "kB"), 1126 * 1024);
  EXPECT_EQ(parse_integer("30 min", "s"), 1800);
  EXPECT_EQ(parse_integer("1d", "min"), 1440);
  EXPECT_EQ(parse_integer("90s", "min"), 2);
  EXPECT_EQ(parse_integer("500us", "ms"), 0);
  EXPECT_EQ(parse_integer("128", "MB"), 128);
  EXPECT_FALSE(parse_integer("4mb", "kB"));
  EXPECT_FALSE(parse_integer("4s", "kB"));
  EXPECT_FALSE(parse_integer("4MB"));
}

TEST(Units, settings_are_compared_by_value) {
  EXPECT_TRUE(same_setting({"131072", "8kB", "integer"}, "1GB"));
  EXPECT_TRUE(same_setting({"64", "16MB", "integer"}, "1GB"));
  EXPECT_FALSE(same_setting({"4096", "kB", "integer"}, "4mb"));
  EXPECT_TRUE(same_setting({"on", "", "bool"}, "True"));
  EXPECT_FALSE(same_setting({"on", "", "bool"}, "maybe"));
  EXPECT_TRUE(same_setting({"0.5", "", "real"}, ".5"));
  EXPECT_TRUE(same_setting({"replica", "", "enum"}, "REPLICA"));
  EXPECT_FALSE(same_setting({"a", "", "string"}, "A"));
  EXPECT_FALSE(same_setting({"x", "", "integer"}, "x"));
}

TEST(Units, settings_are_shown_in_the_largest_whole_unit) {
  EXPECT_EQ(with_largest_unit({"131072", "8kB", "integer"}), "1GB");
  EXPECT_EQ(with_largest_unit({"4097", "kB", "integer"}), "4097kB");
  EXPECT_EQ(with_largest_unit({"90", "s", "integer"}), "90s");
  EXPECT_EQ(with_largest_unit({"3600", "s", "integer"}), "1h");
  EXPECT_EQ(with_largest_unit({"100", "", "integer"}), "100");
  EXPECT_EQ(with_largest_unit({"-1", "kB", "integer"}), "-1");
}

TEST(Units, booleans_have_four_spellings_each) {
  for (const char* text : {"on", "TRUE", "Yes", "1"}) EXPECT_EQ(parse_boolean(text), true);
  for (const char* text : {"off", "False", "NO", "0"}) EXPECT_EQ(parse_boolean(text), false);
  for (const char* text : {"", "y", "2", "t"}) EXPECT_FALSE(parse_boolean(text).has_value());
}

}  // namespace
}  // namespace tamada
