#include "model/patch.h"

#include <gtest/gtest.h>

namespace tamada {
namespace {

json::value doc(std::string_view text) {
  return *parse_json(text);
}

std::string patched(std::string_view target, std::string_view patch, bool changed) {
  json::object object = doc(target).as_object();
  EXPECT_EQ(patch_config(object, doc(patch).as_object()), changed) << target << " with " << patch;
  return to_json(object, JsonStyle::Compact);
}

TEST(PatchConfig, null_removes_and_tells_whether_there_was_something) {
  EXPECT_EQ(patched(R"({"a":1,"b":2})", R"({"a":null})", true), R"({"b":2})");
  EXPECT_EQ(patched(R"({"b":2})", R"({"a":null})", false), R"({"b":2})");
  EXPECT_EQ(patched(R"({"a":null,"b":2})", R"({"a":null})", false), R"({"b":2})");
}

TEST(PatchConfig, the_order_of_the_document_stays) {
  EXPECT_EQ(patched(R"({"x":1,"y":2,"z":3})", R"({"x":null})", true), R"({"y":2,"z":3})");
  EXPECT_EQ(patched(R"({"x":1,"y":2,"z":3})", R"({"y":{"a":1}})", true), R"({"x":1,"y":{"a":1},"z":3})");
}

TEST(PatchConfig, mappings_merge_and_other_values_replace) {
  EXPECT_EQ(patched(R"({"p":{"x":1,"y":2}})", R"({"p":{"y":3,"z":null,"w":4}})", true), R"({"p":{"x":1,"y":3,"w":4}})");
  EXPECT_EQ(patched(R"({"p":[1,2]})", R"({"p":[3]})", true), R"({"p":[3]})");
  EXPECT_EQ(patched(R"({"p":1})", R"({"p":{"x":1}})", true), R"({"p":{"x":1}})");
  EXPECT_EQ(patched(R"({"p":{"x":1}})", R"({"p":"off"})", true), R"({"p":"off"})");
}

TEST(PatchConfig, equal_text_forms_change_nothing) {
  EXPECT_EQ(patched(R"({"a":10})", R"({"a":"10"})", false), R"({"a":10})");
  EXPECT_EQ(patched(R"({"a":true})", R"({"a":"true"})", true), R"({"a":"true"})");
  EXPECT_EQ(patched(R"({"a":true})", R"({"a":"True"})", false), R"({"a":true})");
  EXPECT_EQ(patched(R"({"a":{"b":1}})", R"({"a":{"b":1}})", false), R"({"a":{"b":1}})");
  EXPECT_EQ(patched(R"({"a":[1]})", R"({"a":[1]})", false), R"({"a":[1]})");
}

TEST(PatchConfig, nulls_inside_a_new_mapping_stay) {
  EXPECT_EQ(patched("{}", R"({"p":{"x":null}})", true), R"({"p":{"x":null}})");
}

TEST(DeepEqual, compares_text_forms) {
  EXPECT_TRUE(deep_equal(doc(R"({"a":1})"), doc(R"({"a":"1"})")));
  EXPECT_FALSE(deep_equal(doc(R"({"a":true})"), doc(R"({"a":"true"})")));
  EXPECT_FALSE(deep_equal(doc(R"({"a":{}})"), doc(R"({"a":null})")));
  EXPECT_FALSE(deep_equal(doc("[1]"), doc(R"(["1"])")));
  EXPECT_FALSE(deep_equal(doc("[1,2]"), doc("[2,1]")));
  EXPECT_FALSE(deep_equal(doc(R"({"a":1})"), doc(R"({"a":1,"b":null})")));
  EXPECT_TRUE(deep_equal(doc(R"({"a":{"b":[{"c":1}]}})"), doc(R"({"a":{"b":[{"c":1}]}})")));
}

}  // namespace
}  // namespace tamada
