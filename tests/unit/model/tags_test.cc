#include "model/tags.h"

#include <gtest/gtest.h>

namespace tamada {
namespace {

Tags tags(std::string_view text) {
  return Tags{parse_json(text)->as_object()};
}

TEST(Tags, the_boolean_wins_over_the_priority) {
  EXPECT_FALSE(tags("{}").nofailover());
  EXPECT_EQ(tags("{}").failover_priority(), 1);
  EXPECT_TRUE(tags(R"({"failover_priority": 0})").nofailover());
  EXPECT_TRUE(tags(R"({"failover_priority": "-1"})").nofailover());
  EXPECT_TRUE(tags(R"({"nofailover": true, "failover_priority": 5})").nofailover());
  EXPECT_EQ(tags(R"({"nofailover": true, "failover_priority": 5})").failover_priority(), 0);
  EXPECT_FALSE(tags(R"({"nofailover": false, "failover_priority": 0})").nofailover());
  EXPECT_EQ(tags(R"({"failover_priority": 7})").failover_priority(), 7);
  EXPECT_EQ(tags(R"({"failover_priority": "x"})").failover_priority(), 1);
  EXPECT_TRUE(tags(R"({"sync_priority": 0})").nosync());
}

TEST(Tags, the_text_false_is_true_except_for_nostream) {
  EXPECT_TRUE(tags(R"({"nofailover": "false"})").nofailover());
  EXPECT_TRUE(tags(R"({"noloadbalance": "false"})").noloadbalance());
  EXPECT_FALSE(tags(R"({"nostream": "false"})").nostream());
  EXPECT_TRUE(tags(R"({"nostream": "on"})").nostream());
}

TEST(Tags, false_booleans_are_published_only_beside_their_priority) {
  EXPECT_EQ(to_json(tags(R"({"nofailover": false, "clonefrom": true, "nosync": false, "sync_priority": 2, "dc": "x"})")
                        .published(),
                    JsonStyle::Compact),
            R"({"clonefrom":true,"nosync":false,"sync_priority":2,"dc":"x"})");
}

TEST(Tags, an_empty_replicatefrom_counts_as_absent) {
  EXPECT_FALSE(tags(R"({"replicatefrom": ""})").replicatefrom());
  EXPECT_FALSE(tags(R"({"replicatefrom": null})").replicatefrom());
  EXPECT_EQ(tags(R"({"replicatefrom": "n2"})").replicatefrom(), "n2");
}

}  // namespace
}  // namespace tamada
