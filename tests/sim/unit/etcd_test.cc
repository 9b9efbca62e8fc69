// What the simulated etcd does on purpose: the faults that real clusters were measured to have.
#include <gtest/gtest.h>

#include "sim/clock.h"
#include "sim/etcd_transport.h"

namespace tamada::sim {
namespace {

struct Etcd : ::testing::Test {
  SimWorld world{3};
  int client_host = world.add_host("n1");
  SimEtcd etcd{world, {world.add_host("e1"), world.add_host("e2"), world.add_host("e3")}};
  SimProcess process{world, client_host, "client"};
  SimClock clock{process};
  SimTransport transport{process, etcd};

  // Runs one request to its end.
  Result<HttpResponse> post(int node, const std::string& path, const std::string& body, Duration patience = 5s) {
    std::optional<Result<HttpResponse>> answer;
    auto task = [](Etcd* t, int n, std::string p, std::string b, Duration d,
                   std::optional<Result<HttpResponse>>* out) -> Task<void> {
      HttpRequest request;
      request.method = "POST";
      request.url = t->etcd.url_of(n) + p;
      request.body = b;
      out->emplace(co_await t->transport.send(request, t->clock.now() + d));
    };
    process.spawn(task(this, node, path, body, patience, &answer));
    EXPECT_TRUE(world.run_until(world.now() + 60s, [&] { return answer.has_value(); }));
    return answer.value_or(Error(ErrorCode::Failed, "no answer"));
  }
  std::int64_t grant(int ttl) {
    auto answer = post(0, "/v3/lease/grant", "{\"TTL\":" + std::to_string(ttl) + "}");
    return etcd::number_field(parse_json(answer->body)->as_object(), "ID");
  }
  void put_leased(std::int64_t lease) {
    (void)post(0, "/v3/kv/put",
               "{\"key\":\"bGVhZGVy\",\"value\":\"bjE=\",\"lease\":\"" + std::to_string(lease) + "\"}");
  }
  bool leader_key() { return etcd.model().find("leader") != nullptr; }
  std::string keepalive(int node, std::int64_t lease) {
    auto answer = post(node, "/v3/lease/keepalive", "{\"ID\":\"" + std::to_string(lease) + "\"}");
    return answer ? answer->body : answer.error().text();
  }
};

TEST_F(Etcd, a_lease_ends_between_its_time_and_half_a_second_later) {
  put_leased(grant(5));
  const SimTime granted = world.now();
  EXPECT_TRUE(world.run_until(world.now() + 20s, [&] { return !leader_key(); }));
  EXPECT_GE(world.now() - granted, Duration(4900ms));
  EXPECT_LE(world.now() - granted, Duration(5600ms));
}

TEST_F(Etcd, a_leader_with_a_hung_disk_answers_keepalives_after_another_took_over) {
  const auto lease = grant(5);
  put_leased(lease);
  const int old = etcd.leader();
  etcd.hang_disk(old, true);
  bool answered_after_expiry = false;
  for (int i = 0; i < 24; ++i) {
    const std::string body = keepalive(old, lease);
    if (!leader_key() && body.find("\"TTL\"") != std::string::npos) answered_after_expiry = true;
    world.run_until(world.now() + 500ms);
  }
  EXPECT_NE(etcd.leader(), old);
  EXPECT_FALSE(leader_key());
  EXPECT_TRUE(answered_after_expiry);  // M1
}

TEST_F(Etcd, a_leader_change_starts_every_lease_again) {
  put_leased(grant(5));
  world.run_until(world.now() + 4s);
  etcd.force_leader_change();
  world.run_until(world.now() + 4s);
  EXPECT_TRUE(leader_key());
  world.run_until(world.now() + 3s);
  EXPECT_FALSE(leader_key());
}

TEST_F(Etcd, a_late_request_is_applied_after_the_client_gave_up) {
  etcd.faults().late_request_permille = 1000;
  etcd.faults().late_by_at_most = 10s;
  int late = 0;
  for (int i = 0; i < 10; ++i) {
    const auto before = etcd.model().revision();
    auto answer = post(0, "/v3/kv/put", R"({"key":"a2V5","value":"MQ=="})", 1s);
    const bool given_up = !answer.has_value() && etcd.model().revision() == before;
    world.run_until(world.now() + 12s);
    if (given_up && etcd.model().revision() > before) ++late;
  }
  EXPECT_GT(late, 0);
}

TEST_F(Etcd, a_minority_answers_serializable_reads_from_the_past_and_no_others) {
  (void)post(0, "/v3/kv/put", R"({"key":"a2V5","value":"MQ=="})");
  world.run_until(world.now() + 1s);
  const int lone = (etcd.leader() + 1) % 3;
  for (int n = 0; n < 3; ++n) {
    if (n == lone) continue;
    world.network().cut(etcd.node_host(n), etcd.node_host(lone));
    world.network().cut(etcd.node_host(lone), etcd.node_host(n));
  }
  etcd.on_topology_change();
  (void)post(etcd.leader(), "/v3/kv/put", R"({"key":"a2V5","value":"Mg=="})");
  auto stale = post(lone, "/v3/kv/range", R"({"key":"a2V5","serializable":true})");
  ASSERT_TRUE(stale.has_value());
  EXPECT_NE(stale->body.find("MQ=="), std::string::npos);
  EXPECT_FALSE(post(lone, "/v3/kv/range", R"({"key":"a2V5"})").has_value());
}

TEST_F(Etcd, a_restored_backup_is_older_and_may_have_another_identity) {
  (void)post(0, "/v3/kv/put", R"({"key":"a2V5","value":"MQ=="})");
  etcd.take_snapshot();
  (void)post(0, "/v3/kv/put", R"({"key":"a2V5","value":"Mg=="})");
  const auto id = etcd.cluster_id();
  const auto revision = etcd.model().revision();
  etcd.restore_snapshot(true);
  EXPECT_LT(etcd.model().revision(), revision);
  EXPECT_NE(etcd.cluster_id(), id);
  EXPECT_EQ(etcd.model().find("key")->value, "1");
}

TEST_F(Etcd, a_transaction_compares_on_the_chosen_path_and_nests) {
  auto answer = post(0, "/v3/kv/txn", R"({"compare":[{"target":"CREATE","create_revision":"0","key":"a2V5"}],
      "success":[{"request_put":{"key":"a2V5","value":"MQ=="}}],
      "failure":[{"request_txn":{"compare":[{"target":"VALUE","key":"a2V5","value":"MQ=="}],
                                 "success":[{"request_delete_range":{"key":"a2V5"}}]}}]})");
  EXPECT_NE(answer->body.find("\"succeeded\":true"), std::string::npos);
  EXPECT_NE(etcd.model().find("key"), nullptr);
  answer = post(0, "/v3/kv/txn", R"({"compare":[{"target":"CREATE","create_revision":"0","key":"a2V5"}],
      "failure":[{"request_txn":{"compare":[{"target":"VALUE","key":"a2V5","value":"MQ=="}],
                                 "success":[{"request_delete_range":{"key":"a2V5"}}]}}]})");
  EXPECT_EQ(etcd.model().find("key"), nullptr);
  auto missing = post(0, "/v3/kv/put", R"({"key":"a2V5","value":"MQ==","lease":"77"})");
  EXPECT_EQ(missing->status, 404);
  EXPECT_NE(missing->body.find("requested lease not found"), std::string::npos);
}

}  // namespace
}  // namespace tamada::sim
