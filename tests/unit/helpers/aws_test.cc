#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "helpers/ec2_client.h"

namespace tamada {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(InstanceMetadata, reads_identity_and_credentials) {
  auto identity = parse_identity_document(R"({"region": "eu-central-1", "instanceId": "i-0abc", "accountId": "1"})");
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->instance_id, "i-0abc");
  EXPECT_EQ(identity->region, "eu-central-1");
  for (const char* text : {"", "[]", "{}", R"({"region": "x"})", R"({"region": 1, "instanceId": "i"})"}) {
    EXPECT_FALSE(parse_identity_document(text)) << text;
  }
  auto credentials =
      parse_instance_credentials(R"({"Code": "Success", "AccessKeyId": "ASIA", "SecretAccessKey": "s", "Token": "t"})");
  ASSERT_TRUE(credentials);
  EXPECT_EQ(credentials->session_token, "t");
  EXPECT_NE(parse_instance_credentials(R"({"Code": "AssumeRoleUnauthorizedAccess"})").error().text().find("AssumeRole"),
            std::string::npos);
}

TEST(Ec2, values_of_a_form_are_escaped) {
  EXPECT_EQ(ec2_form("CreateTags", {{"Tag.1.Value", "a b&c=\xc3\xa4"}}),
            "Action=CreateTags&Version=2016-11-15&Tag.1.Value=a%20b%26c%3D%C3%A4");
}

TEST(Ec2, volumes_are_named_once_though_their_attachments_name_them_too) {
  auto page = parse_describe_volumes(R"(<?xml version="1.0"?>
<DescribeVolumesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId><volumeSet>
<item><volumeId>vol-1</volumeId><attachmentSet><item><volumeId>vol-1</volumeId></item></attachmentSet></item>
<item><volumeId>vol-2</volumeId></item></volumeSet><nextToken>n</nextToken></DescribeVolumesResponse>)");
  ASSERT_TRUE(page);
  EXPECT_THAT(page->volume_ids, ElementsAre("vol-1", "vol-2"));
  EXPECT_EQ(page->next_token, "n");
  page = parse_describe_volumes("<DescribeVolumesResponse><volumeSet/></DescribeVolumesResponse>");
  ASSERT_TRUE(page);
  EXPECT_THAT(page->volume_ids, IsEmpty());
  EXPECT_FALSE(parse_describe_volumes("<html/>"));
  EXPECT_FALSE(parse_describe_volumes("<open"));
}

TEST(Ec2, an_error_says_why) {
  EXPECT_EQ(ec2_error_text("<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You are not "
                           "authorized</Message></Error></Errors></Response>"),
            "UnauthorizedOperation: You are not authorized");
  EXPECT_EQ(ec2_error_text("gateway"), "");
}

TEST(Ec2, china_has_a_domain_of_its_own) {
  EXPECT_EQ(ec2_endpoint("eu-central-1"), "https://ec2.eu-central-1.amazonaws.com");
  EXPECT_EQ(ec2_endpoint("cn-north-1"), "https://ec2.cn-north-1.amazonaws.com.cn");
}

}  // namespace
}  // namespace tamada
