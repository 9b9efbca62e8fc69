// The lock's decisions on answers that a real etcd gives only in trouble.
#include "store/etcd3/etcd3_lock.h"

#include <gtest/gtest.h>

#include "scripted_etcd.h"
#include "store/etcd3/etcd3_store.h"
#include "support/manual_clock.h"

namespace tamada {
namespace {

using test::ManualClock;
using testing::header_text;
using testing::kv_text;
using testing::ok;
using testing::ScriptedEtcd;

constexpr const char* kLeader = "/service/batman/leader";

class Etcd3LockTest : public ::testing::Test {
 protected:
  Etcd3LockTest() {
    config_.hosts = {"10.0.0.1:2379"};
    config_.key_prefix = "/service/batman/";
    config_.member_name = "node1";
    config_.use_proxies = true;  // no member list
    etcd_.handler = [this](const ScriptedEtcd::Sent& sent) { return answer(sent); };
  }

  Result<HttpResponse> answer(const ScriptedEtcd::Sent& sent) {
    if (sent.method.ends_with("/lease/grant")) {
      return ok("{" + header_text(term_) + ",\"ID\":\"" + std::to_string(++leases_) + "\",\"TTL\":\"" +
                std::to_string(granted_ttl_) + "\"}");
    }
    if (sent.method.ends_with("/lease/keepalive")) return keepalive_(sent);
    if (sent.method.ends_with("/kv/txn")) return txn_(sent);
    return ok("{}");
  }
  static Result<HttpResponse> alive(int term, int ttl = 30) {
    return ok("{\"result\":{" + header_text(term) + ",\"ID\":\"100\",\"TTL\":\"" + std::to_string(ttl) + "\"}}");
  }
  static Result<HttpResponse> stands(int term) {
    return ok("{" + header_text(term) + ",\"succeeded\":true,\"responses\":[{\"response_range\":{\"kvs\":[" +
              kv_text(kLeader, "node1", 5, 5, "100") + "]}}]}");
  }
  static Result<HttpResponse> held(const std::string& by) {
    return ok("{" + header_text(3) + ",\"responses\":[{\"response_range\":{\"kvs\":[" +
              kv_text(kLeader, by, 9, 9, "200") + "]}}]}");
  }
  static Result<HttpResponse> no_answer() { return Error(ErrorCode::Timeout, "no answer"); }

  Written<LockProof> renew(Duration limit = 3s, std::chrono::seconds ttl = 30s) {
    return clock_.run(store_().renew(mine_, {ttl, std::nullopt}, clock_.now() + limit));
  }
  Etcd3Store& store_() {
    if (!made_) {
      made_ = std::make_unique<Etcd3Store>(clock_.executor(), clock_, etcd_, config_, nullptr, Logger(log_, "t"));
    }
    return *made_;
  }
  ~Etcd3LockTest() override {
    if (made_) clock_.run(made_->stop());
  }

  ManualClock clock_;
  ScriptedEtcd etcd_{clock_};
  testing::QuietLog log_;
  EtcdConfig config_;
  std::unique_ptr<Etcd3Store> made_;
  int term_ = 3;
  int leases_ = 99;
  int granted_ttl_ = 30;
  LockGeneration mine_{"node1", 5, "100"};
  ScriptedEtcd::Handler keepalive_ = [](const ScriptedEtcd::Sent&) { return alive(3); };
  ScriptedEtcd::Handler txn_ = [](const ScriptedEtcd::Sent&) { return stands(3); };
};

TEST_F(Etcd3LockTest, validity_counts_from_before_the_keepalive_was_sent) {
  txn_ = [this](const auto&) {
    clock_.skip(2s);  // a slow confirmation earns nothing
    return stands(3);
  };
  const Instant sent = clock_.now();
  auto renewed = renew();
  ASSERT_TRUE(renewed.applied()) << renewed.error.text();
  EXPECT_EQ(renewed.value->valid_until, sent + 30s);
}

TEST_F(Etcd3LockTest, a_renewal_without_a_status_leaves_a_sign_on_the_key) {
  std::string sent;
  txn_ = [&](const ScriptedEtcd::Sent& request) {
    sent = request.body;
    return stands(3);
  };
  ASSERT_TRUE(renew().applied());
  const std::string put = sent.substr(std::min(sent.find("request_put"), sent.size()));
  EXPECT_NE(put.find("\"lease\":\"" + mine_.session + "\""), std::string::npos) << sent;
}

TEST_F(Etcd3LockTest, a_keepalive_alone_proves_nothing) {
  txn_ = [](const auto&) { return no_answer(); };
  EXPECT_EQ(renew().kind, WriteKind::Unknown);
}

TEST_F(Etcd3LockTest, a_keepalive_of_a_deposed_etcd_leader_does_not_count) {
  // The old leader of term 3 answers keepalives; the transaction is carried out under term 4, whose leader's book was
  // not refreshed.
  keepalive_ = [](const auto&) { return alive(3); };
  txn_ = [](const auto&) { return stands(4); };
  EXPECT_EQ(renew().kind, WriteKind::Unknown);
}

TEST_F(Etcd3LockTest, after_a_change_of_etcds_leader_the_next_keepalive_counts) {
  keepalive_ = [this](const auto&) { return alive(etcd_.count("/lease/keepalive") == 1 ? 3 : 4); };
  txn_ = [](const auto&) { return stands(4); };
  const Instant before = clock_.now();
  auto renewed = renew();
  ASSERT_TRUE(renewed.applied()) << renewed.error.text();
  EXPECT_EQ(etcd_.count("/lease/keepalive"), 2);
  EXPECT_EQ(renewed.value->valid_until, before + 100ms + 30s);  // from the second keepalive
}

TEST_F(Etcd3LockTest, a_node_that_does_not_know_the_lease_is_no_proof_of_loss) {
  keepalive_ = [](const auto&) { return alive(3, 0); };
  EXPECT_EQ(renew().kind, WriteKind::Unknown);
  txn_ = [](const auto&) { return held("node2"); };
  auto lost = renew();
  EXPECT_EQ(lost.kind, WriteKind::Refused);
  EXPECT_EQ(lost.found, "node2");
}

TEST_F(Etcd3LockTest, the_confirming_transaction_reads_in_both_branches_so_that_it_is_linearizable) {
  ASSERT_TRUE(renew().applied());
  const auto body = parse_json(etcd_.requests.back().body);
  ASSERT_TRUE(body);
  for (const char* branch : {"success", "failure"}) {
    const json::array& ops = body->as_object().at(branch).as_array();
    ASSERT_FALSE(ops.empty());
    EXPECT_TRUE(ops.back().as_object().contains("request_range")) << branch;
  }
  EXPECT_EQ(body->as_object().at("compare").as_array().size(), 3u);
}

TEST_F(Etcd3LockTest, more_than_the_requested_ttl_is_an_error_and_the_lock_is_not_taken) {
  granted_ttl_ = 8;
  AcquireRequest request;
  request.ttl = 5s;
  auto got = clock_.run(store_().acquire_leader(request, clock_.now() + 3s));
  EXPECT_EQ(got.kind, WriteKind::Refused);
  EXPECT_EQ(got.error.code, ErrorCode::Unsupported);
  EXPECT_NE(got.error.text().find("8 s"), std::string::npos);
  EXPECT_EQ(etcd_.count("/kv/txn"), 0);
}

TEST_F(Etcd3LockTest, an_acquire_whose_answer_was_lost_is_proven_by_its_own_lease) {
  txn_ = [this](const auto&) {
    if (etcd_.count("/kv/txn") == 1) return no_answer();
    return Result<HttpResponse>(ok("{" + header_text(3) + ",\"responses\":[{\"response_range\":{\"kvs\":[" +
                                   kv_text(kLeader, "node1", 12, 12, "100") + "]}}]}"));
  };
  auto got = clock_.run(store_().acquire_leader({}, clock_.now() + 5s));
  ASSERT_TRUE(got.applied()) << got.error.text();
  EXPECT_EQ(got.value->generation, (LockGeneration{"node1", 12, "100"}));
}

TEST_F(Etcd3LockTest, a_key_with_our_name_on_another_lease_is_not_ours) {
  txn_ = [](const auto&) { return held("node1"); };
  auto got = clock_.run(store_().acquire_leader({}, clock_.now() + 3s));
  EXPECT_EQ(got.kind, WriteKind::Refused);
  EXPECT_EQ(got.found, "node1");
}

TEST_F(Etcd3LockTest, a_lost_race_ends_the_lease_that_was_granted_for_it) {
  txn_ = [](const auto&) { return held("node2"); };
  EXPECT_EQ(clock_.run(store_().acquire_leader({}, clock_.now() + 3s)).kind, WriteKind::Refused);
  clock_.settle();
  EXPECT_EQ(etcd_.count("/lease/revoke"), 1);
}

TEST_F(Etcd3LockTest, an_unanswered_acquire_is_unknown_and_its_lease_is_left_to_expire) {
  txn_ = [](const auto&) { return no_answer(); };
  EXPECT_EQ(clock_.run(store_().acquire_leader({}, clock_.now() + 3s)).kind, WriteKind::Unknown);
  clock_.settle();
  EXPECT_EQ(etcd_.count("/lease/revoke"), 0);
}

TEST_F(Etcd3LockTest, another_ttl_moves_the_key_to_another_lease) {
  granted_ttl_ = 20;
  txn_ = [this](const auto&) {
    if (etcd_.count("/kv/txn") == 1) return stands(3);
    return Result<HttpResponse>(ok("{" + header_text(3) +
                                   ",\"succeeded\":true,\"responses\":[{},{\"response_range\":{\"kvs\":[" +
                                   kv_text(kLeader, "node1", 5, 12, "100") + "]}}]}"));
  };
  mine_.session = "50";
  const Instant sent = clock_.now();
  auto renewed = renew(3s, 20s);
  ASSERT_TRUE(renewed.applied()) << renewed.error.text();
  EXPECT_EQ(renewed.value->generation, (LockGeneration{"node1", 5, "100"}));
  EXPECT_EQ(renewed.value->granted_ttl, Duration(20s));
  EXPECT_EQ(renewed.value->valid_until, sent + 20s);
}

TEST_F(Etcd3LockTest, an_unknown_move_to_a_smaller_ttl_leaves_the_smaller_validity_until_it_is_settled) {
  granted_ttl_ = 10;
  mine_.session = "50";
  bool move_answered = false;
  const std::string on_new_lease = kv_text(kLeader, "node1", 5, 12, "100");
  txn_ = [&](const ScriptedEtcd::Sent& sent) -> Result<HttpResponse> {
    const bool is_move = sent.body.find("\"lease\":\"100\"}}") != std::string::npos;
    if (is_move && !move_answered) return no_answer();
    const bool old_generation = sent.body.find("\"lease\":\"50\"") != std::string::npos;
    if (old_generation && !is_move && !move_answered) return stands(3);
    // The unanswered move was applied: the old generation does not stand, the new one does.
    if (old_generation)
      return ok("{" + header_text(3) + ",\"responses\":[{\"response_range\":{\"kvs\":[" + on_new_lease + "]}}]}");
    return stands(3);
  };
  const Instant first = clock_.now();
  auto renewed = renew(3s, 10s);
  ASSERT_TRUE(renewed.applied()) << renewed.error.text();
  EXPECT_EQ(renewed.value->generation, mine_);
  EXPECT_EQ(renewed.value->valid_until, first + 10s);
  move_answered = true;
  keepalive_ = [](const auto&) { return alive(3, 10); };
  auto settled = renew(3s, 10s);
  ASSERT_TRUE(settled.applied()) << settled.error.text();
  EXPECT_EQ(settled.value->generation, (LockGeneration{"node1", 5, "100"}));
}

TEST_F(Etcd3LockTest, a_ttl_that_the_store_cannot_keep_leaves_the_old_one_in_force) {
  granted_ttl_ = 8;
  auto renewed = renew(3s, 5s);
  ASSERT_TRUE(renewed.applied());
  EXPECT_EQ(renewed.value->generation, mine_);
  EXPECT_EQ(renewed.value->granted_ttl, Duration(30s));
  ASSERT_TRUE(renew(3s, 5s).applied());
  EXPECT_EQ(etcd_.count("/lease/grant"), 1);  // not tried again and again
}

TEST_F(Etcd3LockTest, only_the_stored_generation_of_the_same_store_is_adopted) {
  AdoptionRecord record{"boot", "77", mine_, 30s};
  auto adopt = [&] { return clock_.run(store_().adopt_leader(record, 30s, clock_.now() + 3s)); };
  EXPECT_TRUE(adopt().applied());
  record.store_id = "78";
  EXPECT_EQ(adopt().kind, WriteKind::Refused);
  record.store_id = "77";
  record.generation.holder = "node2";
  EXPECT_EQ(adopt().kind, WriteKind::Refused);
}

TEST_F(Etcd3LockTest, denied_renewals_are_unknown_and_never_read_as_lost) {
  txn_ = [](const auto&) -> Result<HttpResponse> {
    return HttpResponse{403, R"({"error":"etcdserver: permission denied","code":7})", {}};
  };
  EXPECT_EQ(renew().kind, WriteKind::Unknown);
}

TEST_F(Etcd3LockTest, an_unanswered_release_also_ends_the_lease) {
  txn_ = [](const auto&) { return no_answer(); };
  auto released = clock_.run(store_().release(mine_, std::nullopt, clock_.now() + 1s));
  EXPECT_EQ(released.kind, WriteKind::Unknown);
  clock_.settle();
  EXPECT_EQ(etcd_.count("/lease/revoke"), 1);
}

}  // namespace
}  // namespace tamada
