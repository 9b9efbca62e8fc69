#include "store/etcd3/etcd3_codec.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace tamada::etcd3 {
namespace {

json::object object(std::string_view text) {
  Reply reply = parse_reply(200, text);
  EXPECT_TRUE(std::holds_alternative<json::object>(reply)) << text;
  return std::holds_alternative<json::object>(reply) ? std::get<json::object>(reply) : json::object{};
}

Fault fault(int status, std::string_view text) {
  Reply reply = parse_reply(status, text);
  EXPECT_TRUE(std::holds_alternative<Fault>(reply)) << text;
  return std::holds_alternative<Fault>(reply) ? std::get<Fault>(reply) : Fault{};
}

TEST(Etcd3Codec, the_acquire_transaction_is_what_the_reference_shows) {
  Txn txn;
  txn.compare = {Compare::create("/service/rep/leader", 0)};
  txn.success = {Op::put("/service/rep/leader", "node1", "826025731832152524")};
  auto parsed = parse_json(txn_body(txn));
  ASSERT_TRUE(parsed);
  const json::object& compare = parsed->as_object().at("compare").as_array().at(0).as_object();
  EXPECT_EQ(compare.at("target").as_string(), "CREATE");
  EXPECT_EQ(compare.at("create_revision").as_string(), "0");
  EXPECT_EQ(compare.at("key").as_string(), "L3NlcnZpY2UvcmVwL2xlYWRlcg==");
  const json::object& put =
      parsed->as_object().at("success").as_array().at(0).as_object().at("request_put").as_object();
  EXPECT_EQ(put.at("value").as_string(), "bm9kZTE=");
  EXPECT_EQ(put.at("lease").as_string(), "826025731832152524");
}

TEST(Etcd3Codec, the_end_of_a_prefix_is_the_next_key_after_it) {
  EXPECT_EQ(prefix_end("/service/batman/"), "/service/batman0");
  EXPECT_EQ(prefix_end("a\xff"), "b");
  EXPECT_EQ(prefix_end("\xff"), std::string(1, '\0'));
}

TEST(Etcd3Codec, a_range_answer_reads_numbers_that_are_texts_and_fields_that_are_missing) {
  auto range = parse_range(object(R"({"header":{"cluster_id":"9551147102385518078","revision":"15","raft_term":"2"},
    "kvs":[{"key":"L2xlYWRlcg==","create_revision":"4","mod_revision":"8","version":"1","value":"bm9kZTE=","lease":"7"},
           {"key":"L2k=","create_revision":"4","mod_revision":"4","version":"1"}],"count":"2"})"));
  ASSERT_TRUE(range) << range.error().text();
  EXPECT_EQ(range->header.cluster_id, "9551147102385518078");
  EXPECT_EQ(range->header.revision, 15);
  EXPECT_EQ(range->header.raft_term, 2u);
  ASSERT_EQ(range->kvs.size(), 2u);
  EXPECT_EQ(range->kvs[0].key, "/leader");
  EXPECT_EQ(range->kvs[0].value, "node1");
  EXPECT_EQ(range->kvs[0].lease, "7");
  EXPECT_EQ(range->kvs[1].value, "");
  EXPECT_EQ(range->kvs[1].lease, "");
}

TEST(Etcd3Codec, only_the_first_document_of_an_answer_counts) {
  auto range = parse_range(object("{\"header\":{\"revision\":\"3\"}}\ntrailing garbage {"));
  ASSERT_TRUE(range);
  EXPECT_EQ(range->header.revision, 3);
  EXPECT_TRUE(range->kvs.empty());
}

TEST(Etcd3Codec, a_transaction_without_outcome_did_not_succeed) {
  auto txn = parse_txn(object(R"({"header":{"cluster_id":"1","revision":"15","raft_term":"2"}})"));
  ASSERT_TRUE(txn);
  EXPECT_FALSE(txn->succeeded);
}

TEST(Etcd3Codec, a_transactions_reads_are_found_by_the_place_of_their_operation) {
  auto txn = parse_txn(object(R"({"succeeded":true,"responses":[{"response_put":{"header":{"revision":"5"}}},
    {"response_range":{"kvs":[{"key":"aw==","value":"dg==","create_revision":"5","mod_revision":"5"}],"count":"1"}}]})"));
  ASSERT_TRUE(txn) << txn.error().text();
  ASSERT_EQ(txn->ranges.size(), 2u);
  EXPECT_TRUE(txn->ranges[0].empty());
  EXPECT_EQ(txn->ranges[1].at(0).create_revision, 5);
}

TEST(Etcd3Codec, a_keepalive_without_ttl_says_that_the_lease_is_gone) {
  auto gone = parse_keepalive(object(R"({"result":{"header":{"raft_term":"3"},"ID":"7"}})"));
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->ttl_seconds, 0);
  auto alive = parse_keepalive(object(R"({"result":{"header":{"raft_term":"3"},"ID":"7","TTL":"30"}})"));
  ASSERT_TRUE(alive);
  EXPECT_EQ(alive->ttl_seconds, 30);
  EXPECT_EQ(alive->header.raft_term, 3u);
}

TEST(Etcd3Codec, a_grant_without_lease_is_no_answer) {
  EXPECT_FALSE(parse_grant(object(R"({"ID":"0","TTL":"30"})")));
  EXPECT_FALSE(parse_grant(object(R"({"ID":"5"})")));
  EXPECT_FALSE(parse_grant(object(R"({"ID":"five","TTL":"30"})")));
}

struct FaultRow {
  int status;
  std::string_view body;
  FaultKind kind;
  bool may_be_applied;
};

TEST(Etcd3Codec, faults_are_judged_by_text_then_by_code) {
  const FaultRow rows[] = {
      {404, R"({"error":"etcdserver: requested lease not found","message":"...","code":5})", FaultKind::LeaseNotFound,
       false},
      {400, R"({"error":"etcdserver: user name is empty","code":3})", FaultKind::Token, false},
      {401, R"({"error":"etcdserver: invalid auth token","code":16})", FaultKind::Token, false},
      {400, R"({"message":"etcdserver: revision of auth store is old","code":3})", FaultKind::Token, false},
      {403, R"({"error":"etcdserver: permission denied","code":7})", FaultKind::PermissionDenied, false},
      {400, R"({"error":"etcdserver: authentication failed, invalid user ID or password","code":3})",
       FaultKind::BadCredentials, false},
      {412, R"({"error":"etcdserver: authentication is not enabled","code":9})", FaultKind::AuthDisabled, false},
      {503, R"({"error":"etcdserver: request timed out","code":14})", FaultKind::Busy, true},
      {503, R"({"error":"etcdserver: leader changed","code":14})", FaultKind::Busy, true},
      {500, R"({"Error":"not a primary lessor","Code":2})", FaultKind::Busy, true},
      {429, R"({"error":"etcdserver: too many requests","code":8})", FaultKind::Busy, false},
      {429, R"({"error":"etcdserver: mvcc: database space exceeded","code":8})", FaultKind::Rejected, false},
      {500, R"({"error":"something new","code":13})", FaultKind::Busy, true},
      {200,
       R"({"error":{"grpc_code":11,"http_code":400,"message":"etcdserver: mvcc: required revision has been compacted"}})",
       FaultKind::Compacted, false},
      {404, "404 page not found\n", FaultKind::Unsupported, false},
      {502, "<html>Bad Gateway</html>", FaultKind::Busy, true},
      {200, "", FaultKind::Garbled, true},
      {200, "[1]", FaultKind::Garbled, true},
      {200, "{\"kvs\":[", FaultKind::Garbled, true},
  };
  for (const FaultRow& row : rows) {
    const Fault found = fault(row.status, row.body);
    EXPECT_EQ(static_cast<int>(found.kind), static_cast<int>(row.kind)) << row.body;
    EXPECT_EQ(found.may_be_applied, row.may_be_applied) << row.body;
    EXPECT_FALSE(found.error.message.empty());
  }
}

TEST(Etcd3Codec, a_fault_shows_no_control_characters) {
  const Fault found = fault(500, "bad\x1b[31m\r\nthing");
  EXPECT_EQ(found.error.message.find('\x1b'), std::string::npos);
}

TEST(Etcd3Codec, a_token_that_would_break_a_header_line_is_refused) {
  EXPECT_TRUE(parse_token(object(R"({"token":"abc.5"})")));
  EXPECT_FALSE(parse_token(object(R"({"token":"a\r\nX: y"})")));
  EXPECT_FALSE(parse_token(object(R"({"token":""})")));
}

TEST(Etcd3Codec, the_path_prefix_follows_the_version) {
  auto version = parse_version(object(R"({"etcdserver":"3.4.23","etcdcluster":"3.4.0"})"));
  ASSERT_TRUE(version);
  EXPECT_EQ(*api_prefix(*version), "/v3");
  EXPECT_EQ(*api_prefix({3, 3}), "/v3beta");
  EXPECT_EQ(*api_prefix({4, 0}), "/v3");
  EXPECT_FALSE(api_prefix({3, 2}));
  EXPECT_FALSE(parse_version(object(R"({"etcdcluster":"not_decided"})")));
}

TEST(Etcd3Codec, watch_events_are_puts_and_deletions) {
  auto message = parse_watch(
      R"({"result":{"header":{"revision":"17"},"events":[{"kv":{"key":"YQ==","value":"MQ==","create_revision":"16","mod_revision":"16"}},
          {"type":"DELETE","kv":{"key":"Yg==","mod_revision":"17"}}]}})");
  ASSERT_TRUE(std::holds_alternative<WatchMessage>(message));
  const WatchMessage& m = std::get<WatchMessage>(message);
  ASSERT_EQ(m.events.size(), 2u);
  EXPECT_FALSE(m.events[0].deleted);
  EXPECT_EQ(m.events[0].kv.value, "1");
  EXPECT_TRUE(m.events[1].deleted);
  EXPECT_EQ(m.events[1].kv.key, "b");
}

TEST(Etcd3Codec, a_watch_is_cancelled_by_compaction_or_by_a_reason) {
  auto compacted = parse_watch(R"({"result":{"header":{"revision":"9"},"canceled":true,"compact_revision":"8"}})");
  ASSERT_TRUE(std::holds_alternative<WatchMessage>(compacted));
  EXPECT_TRUE(std::get<WatchMessage>(compacted).canceled);
  EXPECT_EQ(std::get<WatchMessage>(compacted).compact_revision, 8);
  auto denied = parse_watch(R"({"result":{"canceled":true,"cancel_reason":"etcdserver: permission denied"}})");
  ASSERT_TRUE(std::holds_alternative<Fault>(denied));
  EXPECT_EQ(static_cast<int>(std::get<Fault>(denied).kind), static_cast<int>(FaultKind::PermissionDenied));
  EXPECT_TRUE(std::holds_alternative<Fault>(parse_watch("nonsense")));
}

TEST(Etcd3Codec, member_lists_leave_out_members_that_have_not_started) {
  auto urls =
      parse_client_urls(object(R"({"members":[{"ID":"1","clientURLs":["http://a:2379","unix://x"]},{"ID":"2"}]})"));
  ASSERT_TRUE(urls);
  EXPECT_EQ(*urls, std::vector<std::string>{"http://a:2379"});
}

}  // namespace
}  // namespace tamada::etcd3
