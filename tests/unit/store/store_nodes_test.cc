#include "store/common/store_nodes.h"

#include <gtest/gtest.h>

#include "scripted_etcd.h"
#include "store/common/etcd_endpoints.h"

namespace tamada {
namespace {

class StoreNodesTest : public ::testing::Test {
 protected:
  testing::QuietLog sink_;
  StoreNodes nodes_{Logger(sink_, "t"), "etcd node", 0};
  const Error broken_{ErrorCode::Unavailable, "refused"};
  const Instant t_{Duration(100s)};
};

TEST_F(StoreNodesTest, the_one_that_works_is_kept) {
  nodes_.set_configured({"a", "b", "c"});
  nodes_.succeeded("b");
  EXPECT_EQ(nodes_.pick({}, t_), "b");
}

TEST_F(StoreNodesTest, a_failed_one_comes_last_until_it_was_left_alone_for_a_while) {
  nodes_.set_configured({"a", "b", "c"});
  nodes_.failed("a", broken_, t_);
  EXPECT_EQ(nodes_.pick({}, t_), "b");
  EXPECT_EQ(nodes_.pick({"b"}, t_), "c");
  EXPECT_EQ(nodes_.pick({"b", "c"}, t_), "a");
  EXPECT_EQ(nodes_.pick({"a", "b", "c"}, t_), "");
  nodes_.failed("b", broken_, t_);
  EXPECT_EQ(nodes_.pick({"c"}, t_ + 11s), "a");
}

TEST_F(StoreNodesTest, failures_are_logged_once_and_again_with_their_count_when_it_works) {
  nodes_.set_configured({"a", "b"});
  for (int i = 0; i < 50; ++i) nodes_.failed("a", broken_, t_);
  ASSERT_EQ(sink_.lines.size(), 1u);
  EXPECT_EQ(sink_.lines[0].first, LogLevel::Warning);
  EXPECT_EQ(sink_.lines[0].second, "etcd node a failed: refused");
  nodes_.succeeded("a");
  ASSERT_EQ(sink_.lines.size(), 2u);
  EXPECT_NE(sink_.lines[1].second.find("50"), std::string::npos);
}

TEST_F(StoreNodesTest, a_slow_one_is_told_once_it_has_been_silent_for_a_few_seconds) {
  const Error late{ErrorCode::Timeout, "no answer"};
  nodes_.set_configured({"a", "b"});
  for (int i = 0; i < 10; ++i) {
    nodes_.failed("a", late, t_ + i * 100s);
    nodes_.succeeded("a");
  }
  EXPECT_TRUE(sink_.lines.empty()) << "each answered a moment later";
  EXPECT_EQ(nodes_.pick({}, t_ + 1000s), "a");
  nodes_.failed("a", late, t_ + 1000s);
  nodes_.failed("a", late, t_ + 1002s);
  EXPECT_TRUE(sink_.lines.empty());
  nodes_.failed("a", late, t_ + 1003s);
  nodes_.failed("a", late, t_ + 1004s);
  ASSERT_EQ(sink_.lines.size(), 1u);
  EXPECT_EQ(sink_.lines[0].second, "etcd node a failed: no answer");
  nodes_.succeeded("a");
  ASSERT_EQ(sink_.lines.size(), 2u);
}

TEST_F(StoreNodesTest, listed_nodes_are_used_beside_the_configured_ones) {
  nodes_.set_configured({"a"});
  nodes_.failed("a", broken_, t_);
  nodes_.set_listed({"a", "b"});
  EXPECT_EQ(nodes_.size(), 2u);
  EXPECT_EQ(nodes_.pick({}, t_), "b");
  EXPECT_FALSE(nodes_.all_others_failed("a"));
  nodes_.set_listed({});
  EXPECT_EQ(nodes_.pick({}, t_), "a");
  EXPECT_TRUE(nodes_.all_others_failed("a"));
}

TEST(EtcdEndpoints, hosts_take_many_forms) {
  EXPECT_EQ(*etcd_base_url("10.0.0.1", "http"), "http://10.0.0.1:2379");
  EXPECT_EQ(*etcd_base_url("10.0.0.1:4001", "https"), "https://10.0.0.1:4001");
  EXPECT_EQ(*etcd_base_url("[::1]:2379", "http"), "http://[::1]:2379");
  EXPECT_EQ(*etcd_base_url("https://u:p@host/x", "http"), "https://host:2379");
  EXPECT_FALSE(etcd_base_url("ftp://x", "http"));
  EXPECT_FALSE(etcd_base_url("a:b:c", "http"));
  EXPECT_FALSE(etcd_base_url("", "http"));
}

}  // namespace
}  // namespace tamada
