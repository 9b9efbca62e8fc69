// Requests of operators: rows 10-15 of rest_api.md 11.2 against a fresh view and the peers, and the writes.
#include "engine/operator_requests.h"

#include <gtest/gtest.h>

#include "support/engine_parts.h"

namespace tamada {
namespace {

using test::silence;
using Write = Written<std::int64_t>;

struct Operator {
  Operator() {
    parts.store.on_load = [this] { return stored; };
    views.update_settings(parts.settings->dynamic);
  }
  ~Operator() {
    parts.clock.run(requests.stop());
    parts.clock.run(views.stop());
  }
  OperatorRequests::Done into_reply() {
    return [this](OperatorReply r) { replies.push_back(std::move(r)); };
  }
  std::string answer() {
    parts.clock.advance(1min);
    if (replies.size() != 1) return fmt::format("{} answers", replies.size());
    return fmt::format("{} {}", replies[0].http_status, replies[0].text);
  }
  std::string ask(SwitchoverRequest request) {
    requests.switchover(std::move(request), into_reply());
    return answer();
  }
  std::string switchover(std::string leader, std::string candidate) {
    return ask({.leader = std::move(leader), .candidate = std::move(candidate)});
  }
  std::string failover(std::string candidate) { return ask({.failover = true, .candidate = std::move(candidate)}); }
  void synchronous(SynchronousMode mode, std::vector<std::string> standbys) {
    parts.configure([&](Settings& s) { s.dynamic.synchronous_mode = mode; });
    stored.sync = {"n1", std::move(standbys), 0, 5};
  }

  test::EngineParts parts;
  ClusterView stored = test::healthy_view();
  ViewKeeper views{parts.clock.executor(), parts.clock, parts.store, parts.log, [] {}};
  OperatorRequests requests{parts.clock.executor(), parts.state, views};
  std::vector<OperatorReply> replies;
};

TEST(Switchover, is_written_once_a_peer_is_fit) {
  Operator o;
  EXPECT_EQ(o.switchover("n1", "n2"), "200 ");
  EXPECT_EQ(o.parts.peers.asked, std::vector<std::string>{"n2"});
  EXPECT_EQ(o.parts.store.calls,
            (std::vector<std::string>{"load", "write failover {\"leader\":\"n1\",\"member\":\"n2\"}"}));
  EXPECT_EQ(o.parts.store.writes[0].condition.kind, WriteCondition::Kind::None);
}

TEST(Switchover, without_a_candidate_all_others_with_an_address_are_asked) {
  Operator o;
  o.stored.members[2].api_url.clear();
  EXPECT_EQ(o.switchover("n1", ""), "200 ");
  EXPECT_EQ(o.parts.peers.asked, std::vector<std::string>{"n2"});
}

TEST(Switchover, looks_at_a_fresh_view) {
  Operator o;
  EXPECT_TRUE(o.parts.clock.run(o.views.load(o.parts.clock.now() + 1s)));
  o.stored.leader->generation.holder = "n3";
  EXPECT_EQ(o.switchover("n1", "n2"), "412 leader name does not match");
  EXPECT_TRUE(o.parts.store.writes.empty());
}

TEST(Switchover, row_10_another_leader_or_none) {
  Operator o;
  o.stored.leader.reset();
  EXPECT_EQ(o.switchover("n1", "n2"), "412 leader name does not match");
}

TEST(Switchover, row_11_a_candidate_that_is_no_synchronous_standby) {
  Operator o;
  o.synchronous(SynchronousMode::On, {"n3"});
  EXPECT_EQ(o.switchover("n1", "n2"), "412 candidate name does not match with sync_standby");
}

TEST(Switchover, row_11_does_not_bind_a_failover) {
  Operator o;
  o.synchronous(SynchronousMode::On, {"n3"});
  EXPECT_EQ(o.failover("n2"), "200 ");
}

TEST(Switchover, row_11_does_not_bind_in_quorum_mode) {
  Operator o;
  o.synchronous(SynchronousMode::Quorum, {"n3"});
  EXPECT_EQ(o.switchover("n1", "n2"), "200 ");
}

TEST(Switchover, row_12_a_candidate_that_is_no_member) {
  Operator o;
  EXPECT_EQ(o.switchover("n1", "n9"), "412 candidate does not exists");
  EXPECT_TRUE(o.parts.peers.asked.empty());
}

TEST(Switchover, row_13_no_synchronous_standby_among_the_members) {
  Operator o;
  o.synchronous(SynchronousMode::On, {"n9"});
  EXPECT_EQ(o.switchover("n1", ""), "412 switchover is not possible: can not find sync_standby");
}

TEST(Switchover, row_13_only_the_synchronous_standbys_are_asked) {
  Operator o;
  o.synchronous(SynchronousMode::On, {"n3"});
  EXPECT_EQ(o.switchover("n1", ""), "200 ");
  EXPECT_EQ(o.parts.peers.asked, std::vector<std::string>{"n3"});
}

TEST(Switchover, row_14_nobody_but_the_leader) {
  Operator o;
  o.stored.members[1].api_url.clear();
  o.stored.members.pop_back();
  EXPECT_EQ(o.switchover("n1", ""), "412 switchover is not possible: cluster does not have members except leader");
}

TEST(Switchover, row_15_nobody_is_fit) {
  const std::string refused = "412 switchover is not possible: no good candidates have been found";
  const auto with = [&](const std::function<void(PeerAnswer&)>& change) {
    Operator o;
    const auto healthy = o.parts.peers.answer;
    o.parts.peers.answer = [=](const Member& member) {
      PeerAnswer a = healthy(member);
      change(a);
      return a;
    };
    return o.switchover("n1", "");
  };
  EXPECT_EQ(with([](PeerAnswer&) {}), "200 ");
  EXPECT_EQ(with([](PeerAnswer& a) { a.reach = PeerAnswer::Reach::Silent; }), refused);
  EXPECT_EQ(with([](PeerAnswer& a) { a.tags.raw["nofailover"] = true; }), refused);
  EXPECT_EQ(with([](PeerAnswer& a) { a.watchdog_failed = true; }), refused);
  EXPECT_EQ(with([](PeerAnswer& a) { a.received = Lsn{0x5000000 - 1048576}; }), "200 ");
  EXPECT_EQ(with([](PeerAnswer& a) { a.received = Lsn{0x5000000 - 1048577}; }), refused);
}

TEST(Switchover, row_15_an_old_timeline_counts_only_when_it_is_to_be_checked) {
  for (const bool check : {false, true}) {
    Operator o;
    o.parts.configure([&](Settings& s) { s.dynamic.check_timeline = check; });
    o.stored.history.emplace();
    o.stored.history->cluster_timeline = Timeline{2};
    EXPECT_EQ(o.failover("n2"), check ? "412 failover is not possible: no good candidates have been found" : "200 ");
  }
}

TEST(Switchover, row_15_a_candidate_without_an_address_cannot_be_asked) {
  Operator o;
  o.stored.members[1].api_url.clear();
  o.parts.peers.answer = [](const Member&) { return PeerAnswer{}; };
  EXPECT_EQ(o.failover("n2"), "412 failover is not possible: no good candidates have been found");
}

TEST(Switchover, the_leader_itself_as_candidate_is_left_to_the_leader_to_decline) {
  Operator o;
  EXPECT_EQ(o.failover("n1"), "200 ");
  EXPECT_EQ(o.parts.store.calls.back(), "write failover {\"member\":\"n1\"}");
}

TEST(Switchover, a_scheduled_one_is_checked_when_it_is_due) {
  Operator o;
  SwitchoverRequest request{.leader = "n9", .candidate = "n8"};
  request.scheduled_at = WallTime(std::chrono::seconds(1800000000));
  request.offset_minutes = 120;
  EXPECT_EQ(o.ask(request), "202 Switchover scheduled");
  EXPECT_TRUE(o.parts.peers.asked.empty());
  EXPECT_EQ(o.parts.store.writes[0].value,
            R"({"leader":"n9","member":"n8","scheduled_at":"2027-01-15T10:00:00+02:00"})");
}

TEST(Switchover, a_store_that_does_not_answer) {
  Operator o;
  EXPECT_TRUE(o.parts.clock.run(o.views.load(o.parts.clock.now() + 1s)));
  o.parts.store.on_load = [] { return Result<ClusterView>(silence()); };
  EXPECT_EQ(o.switchover("n1", "n2"), "503 DCS is not accessible: no answer");
  EXPECT_TRUE(o.parts.store.writes.empty());
}

TEST(Switchover, a_write_without_an_answer_is_told_in_the_words_of_the_level) {
  for (const Compatibility level : {Compatibility::V1_5, Compatibility::V4_1}) {
    Operator o;
    o.parts.configure([&](Settings& s) { s.compatibility = level; });
    o.parts.store.on_write = [](auto) { return Write::make_unknown(silence()); };
    EXPECT_EQ(o.switchover("n1", "n2"), level == Compatibility::V1_5 ? "503 failed to write switchover key into DCS"
                                                                     : "503 failed to write failover key into DCS");
  }
}

TEST(CancelSwitchover, clears_what_was_seen_and_nothing_newer) {
  Operator o;
  o.requests.cancel_switchover({7}, o.into_reply());
  EXPECT_EQ(o.answer(), "200 ");
  ASSERT_EQ(o.parts.store.writes.size(), 1u);
  EXPECT_EQ(o.parts.store.writes[0].value, "{}");
  EXPECT_EQ(o.parts.store.writes[0].condition.kind, WriteCondition::Kind::Revision);
  EXPECT_EQ(o.parts.store.writes[0].condition.revision, 7);
}

TEST(CancelSwitchover, refused_and_unknown_differ) {
  Operator o;
  o.parts.store.on_write = [](auto) { return Write::make_refused("", silence()); };
  o.requests.cancel_switchover({7}, o.into_reply());
  EXPECT_EQ(o.answer(), "409 Conflict");
  Operator p;
  p.parts.store.on_write = [](auto) { return Write::make_unknown(silence()); };
  p.requests.cancel_switchover({7}, p.into_reply());
  EXPECT_EQ(p.answer(), "503 DCS did not answer: no answer");
}

TEST(WriteConfig, compares_and_sets_when_a_revision_is_given) {
  Operator o;
  o.requests.write_config({{{"ttl", 20}}, 3}, o.into_reply());
  EXPECT_EQ(o.answer(), "200 ");
  EXPECT_EQ(o.parts.store.writes[0].value, R"({"ttl":20})");
  EXPECT_EQ(o.parts.store.writes[0].condition.revision, 3);
  Operator p;
  p.requests.write_config({{{"ttl", 20}}, std::nullopt}, p.into_reply());
  EXPECT_EQ(p.answer(), "200 ");
  EXPECT_EQ(p.parts.store.writes[0].condition.kind, WriteCondition::Kind::None);
}

TEST(WriteConfig, refused_and_unknown_differ) {
  Operator o;
  o.parts.store.on_write = [](auto) { return Write::make_refused("", silence()); };
  o.requests.write_config({{{"ttl", 20}}, 3}, o.into_reply());
  EXPECT_EQ(o.answer(), "409 Conflict");
  Operator p;
  p.parts.store.on_write = [](auto) { return Write::make_unknown(silence()); };
  p.requests.write_config({{{"ttl", 20}}, 3}, p.into_reply());
  EXPECT_EQ(p.answer(), "503 DCS did not answer: no answer");
}

TEST(OperatorRequests, whoever_waits_at_the_end_is_told) {
  Operator o;
  o.parts.store.takes = 5s;
  o.requests.switchover({.leader = "n1", .candidate = "n2"}, o.into_reply());
  o.parts.clock.settle();
  o.parts.clock.run(o.requests.stop());
  ASSERT_EQ(o.replies.size(), 1u);
  EXPECT_EQ(o.replies[0].http_status, 503);
}

}  // namespace
}  // namespace tamada
