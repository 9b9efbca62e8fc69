#include "base/json.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/python_text.h"

namespace tamada {
namespace {

json::value parsed(std::string_view text) {
  auto value = parse_json(text);
  EXPECT_TRUE(value) << text;
  return value ? *value : json::value();
}

TEST(Json, separators_follow_the_style_and_keys_keep_their_order) {
  const json::value v = parsed(R"({"b":1,"a":[1,2,{"c":null}],"d":{},"e":[]})");
  EXPECT_EQ(to_json(v, JsonStyle::Compact), R"({"b":1,"a":[1,2,{"c":null}],"d":{},"e":[]})");
  EXPECT_EQ(to_json(v, JsonStyle::Spaced), R"({"b": 1, "a": [1, 2, {"c": null}], "d": {}, "e": []})");
}

TEST(Json, text_outside_ascii_is_escaped_with_surrogate_pairs) {
  EXPECT_EQ(to_json(json::value("é€😀\x7f\x01\n\t\"\\/"), JsonStyle::Compact),
            "\"\\u00e9\\u20ac\\ud83d\\ude00\\u007f\\u0001\\n\\t\\\"\\\\/\"");
  EXPECT_EQ(parsed(R"("\ud83d\ude00")").as_string(), "😀");
}

TEST(Json, bytes_that_are_no_utf8_become_replacement_characters) {
  EXPECT_EQ(to_json(json::value("a\xff\xc3"), JsonStyle::Compact), "\"a\\ufffd\\ufffd\"");
}

TEST(Json, floats_are_written_like_python_repr) {
  const std::pair<double, const char*> cases[] = {{1.0, "1.0"},
                                                  {0.1, "0.1"},
                                                  {1e22, "1e+22"},
                                                  {1e16, "1e+16"},
                                                  {1e15, "1000000000000000.0"},
                                                  {123456.789, "123456.789"},
                                                  {0.0001, "0.0001"},
                                                  {0.00001, "1e-05"},
                                                  {1.5e-7, "1.5e-07"},
                                                  {-0.0, "-0.0"},
                                                  {1e300, "1e+300"},
                                                  {5e-324, "5e-324"},
                                                  {12345678901234567.0, "1.2345678901234568e+16"},
                                                  {100.0, "100.0"}};
  for (const auto& [value, text] : cases) EXPECT_EQ(to_json(json::value(value), JsonStyle::Compact), text);
  EXPECT_EQ(to_json(json::value(std::numeric_limits<double>::infinity()), JsonStyle::Compact), "Infinity");
  EXPECT_EQ(to_json(json::value(-std::numeric_limits<double>::infinity()), JsonStyle::Compact), "-Infinity");
  EXPECT_EQ(to_json(json::value(std::numeric_limits<double>::quiet_NaN()), JsonStyle::Compact), "NaN");
}

TEST(Json, big_integers_stay_whole) {
  EXPECT_EQ(to_json(parsed("18446744073709551615"), JsonStyle::Compact), "18446744073709551615");
  EXPECT_EQ(to_json(parsed("-9223372036854775808"), JsonStyle::Compact), "-9223372036854775808");
}

TEST(Json, decimal_numbers_keep_their_digits) {
  for (int i = 1; i < 100000; i += 7) {
    const std::string text = python_float(i / 1000.0);
    EXPECT_EQ(to_json(parsed(text), JsonStyle::Compact), text);
  }
  for (const char* text : {"0.1", "0.3", "1e-07", "1e+22", "1.7976931348623157e+308", "5e-324", "123456789012345.67",
                           "0.30000000000000004", "2.2250738585072014e-308", "1e+48"}) {
    EXPECT_EQ(to_json(parsed(text), JsonStyle::Compact), text);
  }
}

TEST(Json, errors_name_the_byte) {
  const auto bad = parse_json("{\"a\": 1, }");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, ErrorCode::Invalid);
  EXPECT_TRUE(bad.error().message.starts_with("invalid JSON at byte 9: ")) << bad.error().message;
  EXPECT_EQ(parse_json("{\"a\": 1").error().message, "invalid JSON at byte 7: the document ends too early");
  EXPECT_EQ(parse_json("{} x").error().message, "invalid JSON at byte 3: extra data after the document");
  EXPECT_FALSE(parse_json(""));
  EXPECT_TRUE(parse_json(" {} \n"));
}

TEST(Json, endless_nesting_is_an_error_and_not_a_crash) {
  EXPECT_FALSE(parse_json(std::string(100000, '[')));
}

TEST(PythonText, looks_like_str_of_the_value) {
  EXPECT_EQ(python_text(parsed(R"([1, "a", true, null, 1.0, {"k": "it's"}])")),
            R"([1, 'a', True, None, 1.0, {'k': "it's"}])");
  EXPECT_EQ(python_text(parsed(R"("plain")")), "plain");
  EXPECT_EQ(python_repr(parsed(R"("pl'a\"in\n\u0001")")), R"('pl\'a"in\n\x01')");
  EXPECT_EQ(python_text(parsed("false")), "False");
}

}  // namespace
}  // namespace tamada
