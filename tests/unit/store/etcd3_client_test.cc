#include "store/etcd3/etcd3_client.h"

#include <gtest/gtest.h>

#include "scripted_etcd.h"
#include "store/etcd3/etcd3_store.h"
#include "support/manual_clock.h"

namespace tamada::etcd3 {
namespace {

using test::ManualClock;
using testing::header_text;
using testing::ok;
using testing::ScriptedEtcd;

struct FakeResolver final : Resolver {
  std::map<std::string, std::vector<SrvRecord>> services;
  std::vector<std::string> asked;
  Task<Result<std::vector<std::string>>> resolve(std::string, Instant) override {
    co_return Error(ErrorCode::NotFound, "no name");
  }
  Task<Result<std::vector<SrvRecord>>> resolve_srv(std::string name, Instant) override {
    asked.push_back(name);
    auto it = services.find(name);
    if (it == services.end()) co_return Error(ErrorCode::NotFound, "no service " + name);
    co_return it->second;
  }
  void distrust(const std::string&) override {}
};

class Etcd3ClientTest : public ::testing::Test {
 protected:
  Etcd3ClientTest() {
    config_.hosts = {"a:1", "b:1", "c:1"};
    config_.use_proxies = true;
    etcd_.handler = [](const ScriptedEtcd::Sent&) { return answer(); };
  }
  ~Etcd3ClientTest() override {
    if (client_) clock_.run(client_->stop());
  }
  static Result<HttpResponse> answer(const std::string& cluster = "77") {
    return ok("{" + header_text(1, 10, cluster) + "}");
  }
  static Result<HttpResponse> error(int status, const std::string& text, int code) {
    return HttpResponse{status, "{\"error\":\"" + text + "\",\"code\":" + std::to_string(code) + "}", {}};
  }
  CallResult call(Duration limit = 10s) {
    if (!client_) {
      client_ = std::make_unique<Etcd3Client>(clock_.executor(), clock_, etcd_, config_, &resolver_, Logger(log_, "t"));
    }
    return clock_.run(client_->call("/kv/txn", "{}", clock_.now() + limit));
  }
  std::string fault_text(Duration limit = 10s) {
    auto outcome = call(limit);
    EXPECT_TRUE(std::holds_alternative<Fault>(outcome));
    return std::holds_alternative<Fault>(outcome) ? std::get<Fault>(outcome).error.text() : "";
  }

  ManualClock clock_;
  ScriptedEtcd etcd_{clock_};
  FakeResolver resolver_;
  testing::QuietLog log_;
  EtcdConfig config_;
  std::unique_ptr<Etcd3Client> client_;
};

TEST_F(Etcd3ClientTest, a_dead_node_costs_a_small_part_of_the_budget_and_is_avoided_afterwards) {
  std::string dead;
  etcd_.handler = [&](const ScriptedEtcd::Sent& sent) -> Result<HttpResponse> {
    if (dead.empty()) dead = sent.node;
    if (sent.node == dead) return Error(ErrorCode::Timeout, "silent");
    return answer();
  };
  const Instant began = clock_.now();
  auto outcome = call();
  ASSERT_TRUE(std::holds_alternative<Answer>(outcome));
  EXPECT_TRUE(std::get<Answer>(outcome).earlier_try);
  EXPECT_LE(clock_.now() - began, 1s);
  const std::size_t so_far = etcd_.requests.size();
  ASSERT_TRUE(std::holds_alternative<Answer>(call()));
  EXPECT_EQ(etcd_.requests.size(), so_far + 1);
  EXPECT_NE(etcd_.requests.back().node, dead);
}

TEST_F(Etcd3ClientTest, an_earlier_try_that_cannot_have_been_sent_leaves_no_doubt) {
  etcd_.handler = [&](const ScriptedEtcd::Sent&) -> Result<HttpResponse> {
    if (etcd_.requests.size() == 1) return Error(ErrorCode::Unavailable, "refused");
    return answer();
  };
  auto outcome = call();
  ASSERT_TRUE(std::holds_alternative<Answer>(outcome));
  EXPECT_FALSE(std::get<Answer>(outcome).earlier_try);
}

TEST_F(Etcd3ClientTest, unreachable_nodes_are_not_asked_in_a_busy_loop_and_are_logged_once) {
  etcd_.handler = [](const ScriptedEtcd::Sent&) -> Result<HttpResponse> {
    return Error(ErrorCode::Unavailable, "refused");
  };
  const Instant began = clock_.now();
  auto outcome = call(10s);
  ASSERT_TRUE(std::holds_alternative<Fault>(outcome));
  EXPECT_FALSE(std::get<Fault>(outcome).may_be_applied);
  EXPECT_EQ(clock_.now() - began, 10s);
  EXPECT_LE(etcd_.requests.size(), 303u);  // three nodes, ten rounds a second
  EXPECT_EQ(log_.lines.size(), 3u);
}

TEST_F(Etcd3ClientTest, a_slow_store_is_given_more_time_in_each_round) {
  etcd_.handler = [&](const ScriptedEtcd::Sent&) -> Result<HttpResponse> { return Error(ErrorCode::Timeout, "slow"); };
  auto outcome = call(10s);
  ASSERT_TRUE(std::holds_alternative<Fault>(outcome));
  EXPECT_TRUE(std::get<Fault>(outcome).may_be_applied);
  EXPECT_EQ(etcd_.requests.size(), 7u);  // 3 x 1 s, 3 x 2 s, the rest
}

// Each answer takes longer than any of the tries is waited for by itself.
TEST_F(Etcd3ClientTest, a_store_that_needs_seconds_for_each_answer_is_served) {
  etcd_.answer_after = 4500ms;
  const Instant began = clock_.now();
  auto outcome = call(10s);
  ASSERT_TRUE(std::holds_alternative<Answer>(outcome));
  EXPECT_EQ(clock_.now() - began, 4500ms);  // the first try
  EXPECT_EQ(std::get<Answer>(outcome).sent, began);
  EXPECT_EQ(std::get<Answer>(outcome).node, etcd_.requests.front().node);
  EXPECT_TRUE(std::get<Answer>(outcome).earlier_try);  // the others may be applied
  ASSERT_TRUE(std::holds_alternative<Answer>(call(10s)));
}

TEST_F(Etcd3ClientTest, the_failure_of_a_try_that_was_given_up_does_not_end_the_call) {
  etcd_.handler = [&](const ScriptedEtcd::Sent&) -> Result<HttpResponse> {
    if (etcd_.requests.size() == 1)
      return error(400, "etcdserver: authentication failed, invalid user ID or password", 3);
    return answer();
  };
  etcd_.answer_after = 1500ms;
  auto outcome = call(10s);
  ASSERT_TRUE(std::holds_alternative<Answer>(outcome));
}

TEST_F(Etcd3ClientTest, logs_in_when_a_user_is_configured_and_again_when_the_token_is_no_longer_good) {
  config_.username = "u";
  config_.password = "p";
  int tokens = 0;
  etcd_.handler = [&](const ScriptedEtcd::Sent& sent) -> Result<HttpResponse> {
    if (sent.method == "/v3/auth/authenticate") return ok("{\"token\":\"t" + std::to_string(++tokens) + "\"}");
    if (sent.token != "t2") return error(401, "etcdserver: invalid auth token", 16);
    return answer();
  };
  auto outcome = call();
  ASSERT_TRUE(std::holds_alternative<Answer>(outcome));
  EXPECT_EQ(tokens, 2);
  EXPECT_FALSE(std::get<Answer>(outcome).earlier_try);
}

TEST_F(Etcd3ClientTest, wrong_credentials_are_said_at_once_and_without_the_password) {
  config_.username = "u";
  config_.password = "secret";
  etcd_.handler = [&](const ScriptedEtcd::Sent&) {
    return error(400, "etcdserver: authentication failed, invalid user ID or password", 3);
  };
  const std::string text = fault_text();
  EXPECT_NE(text.find("refused user \"u\""), std::string::npos) << text;
  EXPECT_EQ(text.find("secret"), std::string::npos);
  EXPECT_EQ(etcd_.requests.size(), 1u);
}

TEST_F(Etcd3ClientTest, a_store_without_authentication_is_used_without) {
  config_.username = "u";
  etcd_.handler = [&](const ScriptedEtcd::Sent& sent) -> Result<HttpResponse> {
    if (sent.method == "/v3/auth/authenticate") return error(412, "etcdserver: authentication is not enabled", 9);
    return answer();
  };
  ASSERT_TRUE(std::holds_alternative<Answer>(call()));
  ASSERT_TRUE(std::holds_alternative<Answer>(call()));
  EXPECT_EQ(etcd_.requests.size(), 3u);
}

TEST_F(Etcd3ClientTest, missing_credentials_are_said_at_once) {
  etcd_.handler = [&](const ScriptedEtcd::Sent&) { return error(400, "etcdserver: user name is empty", 3); };
  EXPECT_NE(fault_text().find("set username"), std::string::npos);
  EXPECT_EQ(etcd_.requests.size(), 1u);
}

TEST_F(Etcd3ClientTest, certificates_that_every_node_refuses_are_said_after_one_round) {
  etcd_.handler = [](const ScriptedEtcd::Sent&) -> Result<HttpResponse> {
    return Error(ErrorCode::Denied, "bad certificate");
  };
  EXPECT_NE(fault_text().find("bad certificate"), std::string::npos);
  EXPECT_EQ(etcd_.requests.size(), 3u);
}

TEST_F(Etcd3ClientTest, an_older_etcd_is_found_under_its_own_prefix) {
  etcd_.handler = [&](const ScriptedEtcd::Sent& sent) -> Result<HttpResponse> {
    if (sent.method == "/version") return ok(R"({"etcdserver":"3.3.25","etcdcluster":"3.3.0"})");
    if (sent.method.starts_with("/v3beta/")) return answer();
    return HttpResponse{404, "404 page not found\n", {}};
  };
  ASSERT_TRUE(std::holds_alternative<Answer>(call()));
  ASSERT_TRUE(std::holds_alternative<Answer>(call()));
  EXPECT_EQ(etcd_.requests.size(), 4u);
}

TEST_F(Etcd3ClientTest, something_else_than_etcd_is_said_at_once) {
  etcd_.handler = [&](const ScriptedEtcd::Sent&) -> Result<HttpResponse> { return HttpResponse{404, "not here", {}}; };
  EXPECT_NE(fault_text().find("etcd"), std::string::npos);
  EXPECT_LE(etcd_.requests.size(), 2u);
}

TEST_F(Etcd3ClientTest, a_node_of_another_cluster_is_left_aside_while_ours_answers) {
  ASSERT_TRUE(std::holds_alternative<Answer>(call()));
  const std::string first = etcd_.requests.back().node;
  etcd_.handler = [&](const ScriptedEtcd::Sent& sent) { return answer(sent.node == first ? "99" : "77"); };
  auto outcome = call();
  ASSERT_TRUE(std::holds_alternative<Answer>(outcome));
  EXPECT_EQ(std::get<Answer>(outcome).header.cluster_id, "77");
}

TEST_F(Etcd3ClientTest, a_store_that_was_made_anew_is_accepted_when_all_nodes_say_so) {
  ASSERT_TRUE(std::holds_alternative<Answer>(call()));
  etcd_.handler = [&](const ScriptedEtcd::Sent&) { return answer("99"); };
  auto outcome = call();
  ASSERT_TRUE(std::holds_alternative<Answer>(outcome));
  EXPECT_EQ(std::get<Answer>(outcome).header.cluster_id, "99");
}

TEST_F(Etcd3ClientTest, nodes_that_etcd_lists_are_learned_beside_an_answered_request) {
  config_.hosts = {"a:1"};
  config_.use_proxies = false;
  etcd_.handler = [&](const ScriptedEtcd::Sent& sent) -> Result<HttpResponse> {
    if (sent.method == "/v3/cluster/member/list") {
      return ok(R"({"members":[{"clientURLs":["http://a:1"]},{"clientURLs":["http://d:1"]}]})");
    }
    return answer();
  };
  ASSERT_TRUE(std::holds_alternative<Answer>(call()));
  EXPECT_EQ(etcd_.requests.front().method, "/v3/kv/txn");
  clock_.settle();
  etcd_.handler = [&](const ScriptedEtcd::Sent& sent) -> Result<HttpResponse> {
    if (sent.node == "http://d:1") return answer();
    return Error(ErrorCode::Unavailable, "refused");
  };
  ASSERT_TRUE(std::holds_alternative<Answer>(call()));
}

TEST_F(Etcd3ClientTest, nodes_are_found_by_service_records) {
  config_.hosts.clear();
  config_.srv = "example.org";
  config_.srv_suffix = "blue";
  resolver_.services["_etcd-client-blue._tcp.example.org"] = {{"e1", 2379, 0, 0}, {"e2", 2379, 0, 0}};
  ASSERT_TRUE(std::holds_alternative<Answer>(call()));
  EXPECT_EQ(resolver_.asked.front(), "_etcd-client-ssl-blue._tcp.example.org");
  EXPECT_TRUE(etcd_.requests.front().node.starts_with("http://e")) << etcd_.requests.front().node;
}

TEST_F(Etcd3ClientTest, service_records_of_peers_lead_to_their_client_ports) {
  config_.hosts.clear();
  config_.srv = "example.org";
  resolver_.services["_etcd-server-ssl._tcp.example.org"] = {{"p1", 2380, 0, 0}};
  etcd_.handler = [&](const ScriptedEtcd::Sent& sent) -> Result<HttpResponse> {
    if (sent.node == "https://p1:2380") return ok(R"([{"id":1,"clientURLs":["https://c1:2379"]}])");
    return answer();
  };
  ASSERT_TRUE(std::holds_alternative<Answer>(call()));
  EXPECT_EQ(etcd_.requests.back().node, "https://c1:2379");
}

TEST_F(Etcd3ClientTest, without_any_host_the_reason_is_said) {
  config_.hosts.clear();
  EXPECT_NE(fault_text(1s).find("no etcd host"), std::string::npos);
}

}  // namespace
}  // namespace tamada::etcd3
