// The lock's decisions on answers that a real etcd gives only in trouble, on a small model of its v2 API.
#include <map>

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "base/json.h"
#include "model/url.h"
#include "scripted_etcd.h"
#include "store/etcd2/etcd2_store.h"
#include "support/manual_clock.h"

namespace tamada {
namespace {

using test::ManualClock;
using testing::ScriptedEtcd;

struct Key {
  std::string value;
  int created = 0;
  int modified = 0;
};

class Etcd2LockTest : public ::testing::Test {
 protected:
  Etcd2LockTest() {
    config_.hosts = {"10.0.0.1:2379"};
    config_.key_prefix = "/s/b/";
    config_.member_name = "node1";
    config_.use_proxies = true;  // no member list
    etcd_.handler = [this](const ScriptedEtcd::Sent& sent) { return serve(sent); };
    store_ = std::make_unique<Etcd2Store>(clock_.executor(), clock_, etcd_, config_, nullptr, Logger(log_, "t"));
  }

  // ---- the server

  Result<HttpResponse> serve(const ScriptedEtcd::Sent& sent) {
    if (before_) std::exchange(before_, nullptr)(sent);
    HttpResponse answer = apply(sent);
    const bool write = !sent.body.empty() || sent.method.find("prevIndex") != std::string::npos;
    if (write && lose_ > 0) {
      --lose_;
      return Error(ErrorCode::Timeout, "no answer");
    }
    return answer;
  }
  HttpResponse reply(int status, std::string body) const {
    return {status, std::move(body), {{"X-Etcd-Index", std::to_string(index_)}, {"X-Etcd-Cluster-Id", "77"}}};
  }
  HttpResponse error(int status, int code) const {
    return reply(status, fmt::format(R"({{"errorCode":{},"message":"m","cause":"c","index":{}}})", code, index_));
  }
  static std::string node(const std::string& key, const Key& k) {
    return fmt::format(R"({{"key":"{}","value":{},"modifiedIndex":{},"createdIndex":{}}})", key,
                       to_json(json::value(json::string(k.value)), JsonStyle::Compact), k.modified, k.created);
  }
  HttpResponse apply(const ScriptedEtcd::Sent& sent) {
    const std::string target = sent.method;  // path and query: the scripted transport calls it method
    const std::string path = target.substr(8, target.find('?') - 8);
    const std::string query = target.find('?') == std::string::npos ? "" : target.substr(target.find('?') + 1);
    const std::string& form = sent.body;
    const auto prev_index = query_parameter(form.empty() ? query : form, "prevIndex");
    const auto prev_exist = query_parameter(form, "prevExist");
    if (path == "/s/b/") {
      std::string nodes;
      for (const auto& [key, k] : keys) nodes += (nodes.empty() ? "" : ",") + node(key, k);
      return reply(200, R"({"action":"get","node":{"key":"/s/b","dir":true,"nodes":[)" + nodes + "]}}");
    }
    const auto found = keys.find(path);
    if (prev_index && found == keys.end()) return error(404, 100);
    if (prev_index && std::to_string(found->second.modified) != *prev_index) return error(412, 101);
    if (prev_exist == "false" && found != keys.end()) return error(412, 105);
    if (prev_exist == "true" && found == keys.end()) return error(404, 100);
    if (form.empty()) {
      if (found == keys.end()) return error(404, 100);
      keys.erase(found);
      ++index_;
      return reply(
          200, fmt::format(R"({{"action":"delete","node":{{"key":"{}","modifiedIndex":{},"createdIndex":1}}}})", path,
                           index_));
    }
    set(path, query_parameter(form, "value").value_or(""), prev_index.has_value());
    return reply(200, R"({"action":"set","node":)" + node(path, keys[path]) + "}");
  }
  void set(const std::string& path, const std::string& value, bool keep_creation) {
    ++index_;
    Key& k = keys[path];
    k = {value, keep_creation && k.created != 0 ? k.created : index_, index_};
  }
  // A holder of another name, or of ours in another process.
  void somebody_leads(const std::string& name) { set("/s/b/leader", name, false); }

  // ---- the client

  template <class T>
  T run(Task<T> task) {
    return clock_.run(std::move(task));
  }
  Instant in(Duration d) { return clock_.now() + d; }
  Written<LockProof> acquire(AcquireRequest request = {}) { return run(store_->acquire_leader(request, in(3s))); }
  Written<LockProof> renew(const LockGeneration& g, std::optional<StatusDocument> status = std::nullopt) {
    return run(store_->renew(g, {30s, std::move(status)}, in(3s)));
  }

  std::map<std::string, Key> keys;
  int index_ = 10;
  int lose_ = 0;  // answers of writes, which are applied all the same
  std::function<void(const ScriptedEtcd::Sent&)> before_;
  ManualClock clock_;
  ScriptedEtcd etcd_{clock_};
  testing::QuietLog log_;
  EtcdConfig config_;
  std::unique_ptr<Etcd2Store> store_;
};

TEST_F(Etcd2LockTest, an_acquire_whose_answer_was_lost_is_recognized_and_valid_from_its_first_try) {
  lose_ = 1;
  const Instant began = clock_.now();
  const auto got = acquire();
  ASSERT_TRUE(got.applied()) << got.error.text();
  EXPECT_GT(clock_.now(), began) << "it was asked again";
  EXPECT_EQ(got.value->valid_until, began + 30s);
  EXPECT_EQ(got.value->generation.create_revision, keys.at("/s/b/leader").created);
  EXPECT_TRUE(renew(got.value->generation).applied());
}

TEST_F(Etcd2LockTest, a_key_with_our_name_that_was_there_before_is_not_ours) {
  somebody_leads("node1");
  const auto got = acquire();
  EXPECT_EQ(got.kind, WriteKind::Refused);
  EXPECT_EQ(got.found, "node1");
}

TEST_F(Etcd2LockTest, a_key_that_somebody_made_while_our_answer_was_lost_is_his) {
  AcquireRequest request;
  etcd_.handler = [this, tries = 0](const ScriptedEtcd::Sent& sent) mutable -> Result<HttpResponse> {
    const bool create = sent.body.find("prevExist=false") != std::string::npos;
    if (create && tries++ == 0) {
      somebody_leads("node2");
      return Error(ErrorCode::Timeout, "no answer");
    }
    return serve(sent);
  };
  const auto got = acquire(request);
  EXPECT_EQ(got.kind, WriteKind::Refused);
  EXPECT_EQ(got.found, "node2");
}

TEST_F(Etcd2LockTest, a_renewal_whose_answer_was_lost_is_proven_by_the_next) {
  const auto got = acquire();
  ASSERT_TRUE(got.applied());
  lose_ = 1;
  clock_.advance(5s);
  const auto renewed = renew(got.value->generation);
  ASSERT_TRUE(renewed.applied()) << renewed.error.text();
  EXPECT_EQ(renewed.value->generation, got.value->generation);
  EXPECT_LE(renewed.value->valid_until, clock_.now() + 30s);
}

TEST_F(Etcd2LockTest, a_lock_of_our_name_that_another_process_made_is_not_renewed) {
  const auto got = acquire();
  ASSERT_TRUE(got.applied());
  somebody_leads("node1");
  EXPECT_EQ(renew(got.value->generation).kind, WriteKind::Refused);
  EXPECT_EQ(run(store_->release(got.value->generation, std::nullopt, in(3s))).kind, WriteKind::Refused);
  EXPECT_TRUE(keys.contains("/s/b/leader"));
}

TEST_F(Etcd2LockTest, a_store_that_answers_nothing_leaves_everything_open) {
  const auto got = acquire();
  ASSERT_TRUE(got.applied());
  lose_ = 1000;
  EXPECT_EQ(renew(got.value->generation).kind, WriteKind::Unknown);
  lose_ = 1;
  EXPECT_EQ(run(store_->release(got.value->generation, std::nullopt, in(3s))).kind, WriteKind::Applied)
      << "a later try finds it gone";
  ASSERT_TRUE(acquire().applied());
  etcd_.handler = [](const ScriptedEtcd::Sent&) -> Result<HttpResponse> { return Error(ErrorCode::Timeout, "none"); };
  EXPECT_EQ(acquire().kind, WriteKind::Unknown);
}

TEST_F(Etcd2LockTest, what_the_race_was_decided_on_is_looked_at_again_once_it_is_won) {
  AcquireRequest request;
  request.sync_revision = 0;
  etcd_.handler = [this](const ScriptedEtcd::Sent& sent) -> Result<HttpResponse> {
    const bool create = sent.body.find("prevExist=false") != std::string::npos;
    if (create) set("/s/b/sync", "changed", false);
    return serve(sent);
  };
  const auto got = acquire(request);
  EXPECT_EQ(got.kind, WriteKind::Refused) << "/sync changed between the look and the creation";
  EXPECT_EQ(got.found, "");
  EXPECT_FALSE(keys.contains("/s/b/leader")) << "given back";
}

TEST_F(Etcd2LockTest, a_late_status_does_not_overwrite_that_of_a_later_leader) {
  const auto got = acquire();
  ASSERT_TRUE(got.applied());
  StatusDocument status;
  status.optime = Lsn{100};
  ASSERT_TRUE(renew(got.value->generation, status).applied());
  etcd_.handler = [this](const ScriptedEtcd::Sent& sent) -> Result<HttpResponse> {
    if (sent.method.ends_with("/status")) {  // while it was on its way
      somebody_leads("node2");
      set("/s/b/status", "theirs", false);
    }
    return serve(sent);
  };
  status.optime = Lsn{200};
  EXPECT_TRUE(renew(got.value->generation, status).applied()) << "proven before";
  EXPECT_EQ(keys.at("/s/b/status").value, "theirs");
  EXPECT_EQ(renew(got.value->generation).kind, WriteKind::Refused);
}

TEST_F(Etcd2LockTest, a_write_as_leader_is_refused_when_its_key_was_changed_on_the_way) {
  const auto got = acquire();
  ASSERT_TRUE(got.applied());
  set("/s/b/history", "old", false);
  etcd_.handler = [this](const ScriptedEtcd::Sent& sent) -> Result<HttpResponse> {
    if (sent.method.ends_with("/history")) set("/s/b/history", "theirs", false);
    return serve(sent);
  };
  const auto written =
      run(store_->write({.key = StoreKey::History, .value = "mine", .while_leading = got.value->generation}, in(3s)));
  EXPECT_EQ(written.kind, WriteKind::Refused);
  EXPECT_EQ(keys.at("/s/b/history").value, "theirs");
}

}  // namespace
}  // namespace tamada
