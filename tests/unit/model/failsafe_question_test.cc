#include "model/failsafe_question.h"

#include <gtest/gtest.h>

namespace tamada {
namespace {

json::object body(const char* text) {
  return parse_json(text)->as_object();
}

TEST(FailsafeQuestion, what_is_sent_is_what_others_read) {
  const FailsafeQuestion question{"n1", "postgres://h1:5432/postgres", "http://h1:8008/patroni", "7-1-2",
                                  std::chrono::seconds(30)};
  EXPECT_EQ(format_failsafe_question(question),
            R"({"name":"n1","conn_url":"postgres://h1:5432/postgres","api_url":"http://h1:8008/patroni",)"
            R"("tamada":{"episode":"7-1-2","ttl":30}})");
  auto read = parse_failsafe_question(body(format_failsafe_question(question).c_str()));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, question);
}

TEST(FailsafeQuestion, patronis_has_slots_and_nothing_of_ours) {
  auto read = parse_failsafe_question(body(R"({"name":"a","conn_url":"c","api_url":"u","slots":{"s":1}})"));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, (FailsafeQuestion{"a", "c", "u", "", std::chrono::seconds(0), {{"s", 1}}}));
}

TEST(FailsafeQuestion, slots_are_sent_as_patroni_does_and_what_is_no_position_is_left_out) {
  FailsafeQuestion question{"a", "c", "u", "", std::chrono::seconds(0)};
  question.slots = {{"s", 12}};
  EXPECT_EQ(format_failsafe_question(question), R"({"name":"a","conn_url":"c","api_url":"u","slots":{"s":12}})");
  auto read = parse_failsafe_question(
      body(R"({"name":"a","conn_url":"c","api_url":"u","slots":{"s":12,"t":-1,"v":"x","w":null}})"));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, question);
  EXPECT_TRUE(parse_failsafe_question(body(R"({"name":"a","conn_url":"c","api_url":"u","slots":[1]})"))->slots.empty());
}

TEST(FailsafeQuestion, a_key_that_is_missing_or_of_another_type_is_an_error) {
  for (const char* text :
       {"{}", R"({"name":"a","conn_url":"c"})", R"({"name":"a","api_url":"u"})", R"({"conn_url":"c","api_url":"u"})",
        R"({"name":1,"conn_url":"c","api_url":"u"})", R"({"name":"","conn_url":"c","api_url":"u"})",
        R"({"name":"a","conn_url":null,"api_url":"u"})", R"({"name":"a","conn_url":"c","api_url":"u","tamada":1})",
        R"({"name":"a","conn_url":"c","api_url":"u","tamada":{"episode":1}})",
        R"({"name":"a","conn_url":"c","api_url":"u","tamada":{"ttl":"30"}})",
        R"({"name":"a","conn_url":"c","api_url":"u","tamada":{"ttl":0}})",
        R"({"name":"a","conn_url":"c","api_url":"u","tamada":{"ttl":-5}})",
        R"({"name":"a","conn_url":"c","api_url":"u","tamada":{"ttl":99999999999}})"}) {
    EXPECT_FALSE(parse_failsafe_question(body(text))) << text;
  }
}

TEST(FailsafeQuestion, its_address_is_beside_the_api_url) {
  EXPECT_EQ(failsafe_url("http://h:8008/patroni"), "http://h:8008/failsafe");
  EXPECT_EQ(failsafe_url("https://[::1]:8008/patroni"), "https://[::1]:8008/failsafe");
  EXPECT_EQ(failsafe_url("http://h:8008"), "http://h:8008/failsafe");
  EXPECT_EQ(failsafe_url("http://h:8008?a=/b"), "http://h:8008/failsafe");
  EXPECT_EQ(failsafe_url("nonsense"), "");
  EXPECT_EQ(failsafe_url(""), "");
}

}  // namespace
}  // namespace tamada
