#include "base/yaml.h"

#include <gtest/gtest.h>

namespace tamada {
namespace {

std::string read(std::string_view text) {
  const auto value = parse_yaml(text, "t.yml");
  return value ? to_json(*value, JsonStyle::Compact) : value.error().message;
}

TEST(Yaml, scalars_follow_yaml_1_1) {
  EXPECT_EQ(read("[on, Off, y, 'on', 0777, 0o777, 08, 12:30, 1_000, 1e3, 1.0e+3, ~, null, 2020-01-01]"),
            R"([true,false,"y","on",511,"0o777","08",750,1000,"1e3",1000.0,null,null,"2020-01-01"])");
  EXPECT_EQ(read("2020-01-01 10:00:00 +02:00"), R"("2020-01-01 10:00:00+02:00")");
  EXPECT_EQ(read("[18446744073709551615, 18446744073709551616]"), R"([18446744073709551615,"18446744073709551616"])");
}

TEST(Yaml, own_keys_win_over_merged_ones_and_the_last_duplicate_wins) {
  EXPECT_EQ(read("x: &x {a: 1, b: 2}\ny: {b: 3, <<: *x}"), R"({"x":{"a":1,"b":2},"y":{"a":1,"b":3}})");
  EXPECT_EQ(read("a: 1\na: 2"), R"({"a":2})");
  EXPECT_EQ(read("- &p {a: 1}\n- &q {a: 2, b: 2}\n- <<: [*p, *q]"), R"([{"a":1},{"a":2,"b":2},{"a":1,"b":2}])");
}

TEST(Yaml, keys_that_are_no_text_get_their_json_text) {
  EXPECT_EQ(read("{1: a, on: b, ~: c, 1.0: d}"), R"({"1":"a","true":"b","null":"c","1.0":"d"})");
}

TEST(Yaml, an_empty_document_is_null) {
  EXPECT_EQ(read(""), "null");
  EXPECT_EQ(read("# only a comment\n"), "null");
}

TEST(Yaml, errors_name_file_line_and_column) {
  EXPECT_EQ(read("a: 1\nb: [1"),
            "while parsing a flow sequence in \"t.yml\", line 2, column 4, did not find expected ',' or ']' in "
            "\"t.yml\", line "
            "3, column 1");
  EXPECT_EQ(read("a: !foo x"), "could not determine a constructor for the tag '!foo' in \"t.yml\", line 1, column 4");
  EXPECT_EQ(read("a: *x"), "found undefined alias 'x' in \"t.yml\", line 1, column 4");
  EXPECT_EQ(read("a\n---\nb"),
            "expected a single document in the stream, but found another document in \"t.yml\", line 2, column 1");
  EXPECT_EQ(read("? [a]\n: b"), "found unhashable key while constructing a mapping in \"t.yml\", line 1, column 3");
  EXPECT_EQ(read("2020-13-01"), "'2020-13-01' is not a valid date in \"t.yml\", line 1, column 1");
  EXPECT_EQ(read("&a [*a]"), "found recursive alias 'a' in \"t.yml\", line 1, column 5");
}

TEST(Yaml, hostile_documents_end_in_an_error) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int k = 0; k < 9; ++k) bomb += ", " + before;
    bomb += "]\n";
  }
  EXPECT_NE(read(bomb).find("more than 1000000 values"), std::string::npos);
  EXPECT_NE(read(std::string(5000, '[')).find("nested deeper than 100 levels"), std::string::npos);
  EXPECT_NE(read("a: \xff").find("in \"t.yml\""), std::string::npos);
}

TEST(Yaml, lines_of_keys_by_path) {
  using Lines = std::map<std::string, std::size_t>;
  EXPECT_EQ(
      yaml_lines("a: 1\nb:\n  c: [1,\n    2]\n  d: {e: 5}\nx: &x\n  y: 1\nz:\n  <<: *x\n"),
      (Lines{{"a", 1}, {"b", 2}, {"b.c", 3}, {"b.d", 5}, {"b.d.e", 5}, {"x", 6}, {"x.y", 7}, {"z", 8}, {"z.y", 7}}));
  EXPECT_EQ(yaml_lines("a: 1\na: 2\n"), (Lines{{"a", 2}}));
  EXPECT_TRUE(yaml_lines("").empty());
  EXPECT_TRUE(yaml_lines("- 1").empty());
  EXPECT_TRUE(yaml_lines("a: [").empty());
}

TEST(YamlDump, looks_like_the_configuration_people_know) {
  const json::value v = *parse_json(
      R"({"ttl":30,"postgresql":{"parameters":{"a.b":"on","work_mem":"8MB"},"pg_hba":["host all all all md5"],"use_slots":true},"slots":{},"x":null})");
  EXPECT_EQ(to_yaml(v),
            "postgresql:\n  parameters:\n    a.b: 'on'\n    work_mem: 8MB\n  pg_hba:\n  - host all all all md5\n"
            "  use_slots: true\nslots: {}\nttl: 30\nx: null\n");
}

}  // namespace
}  // namespace tamada
