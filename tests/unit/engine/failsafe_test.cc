// A primary that lost the store: whom it asks, what it counts, when it stops.
#include "engine/failsafe.h"

#include <gtest/gtest.h>

#include "support/engine_parts.h"

namespace tamada {
namespace {

using test::silence;
using Proven = Written<LockProof>;
using Kind = ConsentAnswer::Kind;

// n1 leads n2 and n3; its /failsafe map is confirmed.
struct Primary {
  Primary() {
    parts.configure([](Settings& s) {
      s.dynamic.failsafe_mode = true;
      s.dynamic.loop_wait = 10s;
      s.restapi.connect_address = "127.0.0.1:8008";
      s.postgresql.connect_address = "127.0.0.1:5551";
    });
    parts.runs_as(true);
    parts.peers.clock = &parts.clock;
    view.failsafe = {{"n1", "http://127.0.0.1:8008/patroni"},
                     {"n2", "http://127.0.0.2:8008/patroni"},
                     {"n3", "http://127.0.0.3:8008/patroni"}};
    views.on_view(view);
    lock.update_settings(parts.settings->dynamic);
    parts.clock.run(lock.acquire({}, now() + 1s));
    lock.set_verdict(true, now() + 1h);
    lock.start();
    failsafe.start();
    confirm_map();
    parts.clock.settle();
  }
  ~Primary() {
    parts.clock.run(failsafe.stop());
    parts.clock.run(lock.stop());
    parts.clock.run(views.stop());
  }
  Instant now() { return parts.clock.now(); }
  void confirm_map() {
    const LockGeneration generation = lock.proof()->generation;
    parts.state.failsafe_maps.sent(generation, view.failsafe);
    parts.state.failsafe_maps.applied(generation, view.failsafe);
  }
  void lose_store() {
    parts.store.on_renew = [](auto, auto, auto) { return Proven::make_unknown(silence()); };
  }
  void store_answers() {
    parts.store.on_renew = [](LockGeneration generation, auto, Instant sent) {
      return Proven::make_applied({generation, sent + 30s, 30s});
    };
  }
  const std::vector<test::FakePeers::Question>& asked() { return parts.peers.consents; }

  test::EngineParts parts;
  ClusterView view = test::healthy_view();
  ViewKeeper views{parts.clock.executor(), parts.clock, parts.store, parts.log, [] {}};
  ProcedureRunner runner{parts.clock.executor(), parts.clock, parts.log, [] {}};
  Failsafe* self = nullptr;
  LockKeeper lock{parts.clock.executor(),
                  {parts.clock, parts.store, parts.local, parts.watchdog},
                  parts.log,
                  [this] {
                    if (self) self->look();
                  },
                  [] { return std::optional<StatusDocument>(); }};
  int told = 0;
  std::optional<SlotPositions> slots;
  Failsafe failsafe{parts.clock.executor(),   parts.state,       lock, runner, views,
                    [this] { return slots; }, [this] { ++told; }};
  bool linked = [this] {
    self = &failsafe;
    return true;
  }();
};

TEST(Failsafe, nobody_is_asked_while_the_store_answers) {
  Primary p;
  p.parts.clock.advance(5min);
  EXPECT_TRUE(p.asked().empty());
}

TEST(Failsafe, everybody_else_is_asked_from_the_first_renewal_without_an_answer_on_and_again_in_time) {
  Primary p;
  p.lose_store();
  p.parts.clock.advance(10s);
  ASSERT_EQ(p.asked().size(), 1u);
  EXPECT_EQ(p.asked()[0].members, (std::vector<std::string>{"n2", "n3"}));
  const FailsafeQuestion question = p.asked()[0].question;
  EXPECT_EQ(question.name, "n1");
  EXPECT_EQ(question.api_url, "http://127.0.0.1:8008/patroni");
  EXPECT_EQ(question.conn_url, p.parts.settings->conn_url());
  EXPECT_EQ(question.ttl, 30s);
  EXPECT_FALSE(question.episode.empty());
  EXPECT_EQ(p.lock.proof()->valid_until, p.asked()[0].at + 30s);
  p.parts.clock.advance(3min);
  EXPECT_TRUE(p.lock.proof());
  EXPECT_GT(p.lock.fence_at(), p.now());
  EXPECT_GE(p.asked().size(), 18u);
  EXPECT_LE(p.asked().size(), 20u);
  EXPECT_EQ(p.asked().back().question.episode, question.episode);
}

TEST(Failsafe, the_question_says_where_the_slots_stand) {
  Primary p;
  p.slots = SlotPositions{{"n2", 77}};
  p.lose_store();
  p.parts.clock.advance(10s);
  ASSERT_EQ(p.asked().size(), 1u);
  EXPECT_EQ(p.asked()[0].question.slots, (SlotPositions{{"n2", 77}}));
}

TEST(Failsafe, one_refusal_is_enough) {
  Primary p;
  p.parts.peers.consent = [](const Member& m) { return m.name == "n3" ? Kind::Refused : Kind::Accepted; };
  p.lose_store();
  const Instant valid_until = p.lock.proof()->valid_until;
  p.parts.clock.advance(15s);
  EXPECT_EQ(p.lock.proof()->valid_until, valid_until);
  EXPECT_GE(p.asked().size(), 4u) << "it may consent a second later";
  for (const auto& round : p.asked()) EXPECT_EQ(round.members.size(), 2u) << "who refused is not asked again at once";
  EXPECT_TRUE(p.parts.log_lines.contains("does not consent"));
}

TEST(Failsafe, a_silent_member_is_asked_once_more) {
  Primary p;
  int silent = 1;
  p.parts.peers.consent = [&](const Member& m) {
    return m.name == "n3" && silent-- > 0 ? Kind::Silent : Kind::Accepted;
  };
  p.parts.peers.consent_takes = 2s;
  p.lose_store();
  p.parts.clock.advance(15s);
  ASSERT_EQ(p.asked().size(), 2u);
  EXPECT_EQ(p.asked()[1].members, std::vector<std::string>{"n3"});
  EXPECT_EQ(p.lock.proof()->valid_until, p.asked()[0].at + 30s) << "from before the first question";
}

TEST(Failsafe, a_silent_member_ends_in_a_demotion_in_time) {
  Primary p;
  p.parts.peers.consent = [](const Member& m) { return m.name == "n3" ? Kind::Silent : Kind::Accepted; };
  p.parts.peers.consent_takes = 2s;
  p.lose_store();
  const Instant fence = p.lock.fence_at();
  p.parts.clock.advance(30s);
  EXPECT_EQ(p.lock.fence_at(), fence);
  ASSERT_FALSE(p.asked().empty());
  EXPECT_LT(p.asked().back().at, fence) << "nobody is asked when it is too late";
}

TEST(Failsafe, is_not_for_others) {
  const auto asks = [](Primary& p) {
    p.lose_store();
    p.parts.clock.advance(15s);
    return !p.asked().empty();
  };
  Primary off;
  off.parts.configure([](Settings& s) { s.dynamic.failsafe_mode = false; });
  EXPECT_FALSE(asks(off));
  Primary paused;
  paused.parts.configure([](Settings& s) { s.dynamic.pause = true; });
  EXPECT_FALSE(asks(paused));
  Primary standby_cluster;
  standby_cluster.parts.configure([](Settings& s) { s.dynamic.standby_cluster.emplace(); });
  EXPECT_FALSE(asks(standby_cluster));
  Primary standby;
  standby.parts.runs_as(false);
  EXPECT_FALSE(asks(standby));
  Primary control;
  EXPECT_TRUE(asks(control));
}

TEST(Failsafe, needs_a_confirmed_map_that_names_this_member) {
  const auto kept = [](Primary& p) {
    p.lose_store();
    p.parts.clock.advance(15s);
    return p.lock.status().consented;
  };
  Primary unconfirmed;
  unconfirmed.parts.state.failsafe_maps = {};
  EXPECT_FALSE(kept(unconfirmed));
  Primary unnamed;
  unnamed.view.failsafe.erase("n1");
  unnamed.views.on_view(unnamed.view);
  EXPECT_FALSE(kept(unnamed));
  Primary unknown;
  ++unknown.view.revision;
  unknown.parts.state.failsafe_maps.sent(unknown.lock.proof()->generation, {{"n4", "http://n4/patroni"}});
  EXPECT_TRUE(kept(unknown));
  EXPECT_EQ(unknown.asked()[0].members.size(), 3u) << "a map whose writing had no answer may stand there";
}

TEST(Failsafe, a_consent_counts_only_when_everybody_was_asked_whom_a_map_sent_meanwhile_names) {
  Primary p;
  p.parts.peers.consent_takes = 500ms;
  p.lose_store();
  while (p.asked().empty()) p.parts.clock.advance(100ms);
  auto more = p.view.failsafe;
  more["n4"] = "http://127.0.0.4:8008/patroni";
  p.parts.state.failsafe_maps.sent(p.lock.proof()->generation, more);
  p.parts.clock.advance(600ms);
  EXPECT_FALSE(p.lock.status().consented);
  p.parts.clock.advance(3s);
  EXPECT_TRUE(p.lock.status().consented);
  EXPECT_EQ(p.asked().back().members, (std::vector<std::string>{"n2", "n3", "n4"}));
}

TEST(Failsafe, a_single_member_needs_nobody) {
  Primary p;
  p.view.failsafe = {{"n1", "http://127.0.0.1:8008/patroni"}};
  ++p.view.revision;
  p.views.on_view(p.view);
  p.confirm_map();
  p.lose_store();
  p.parts.clock.advance(5min);
  EXPECT_TRUE(p.lock.proof());
}

TEST(Failsafe, the_end_of_an_episode_is_told_once_and_the_next_one_has_another_name) {
  Primary p;
  p.lose_store();
  p.parts.clock.advance(40s);
  ASSERT_TRUE(p.lock.status().consented);
  EXPECT_EQ(p.failsafe.over(), "");
  const std::string episode = p.asked()[0].question.episode;
  p.store_answers();
  p.parts.clock.advance(1s);
  EXPECT_EQ(p.failsafe.over(), episode);
  EXPECT_EQ(p.told, 1);
  EXPECT_FALSE(p.lock.status().consented);
  p.lose_store();
  p.parts.clock.advance(40s);
  EXPECT_NE(p.asked().back().question.episode, episode);
  EXPECT_EQ(p.failsafe.over(), episode);
}

TEST(Failsafe, answers_to_an_episode_that_has_ended_count_for_nothing) {
  Primary p;
  p.parts.peers.consent_takes = 1500ms;
  p.lose_store();
  p.parts.clock.advance(10s + 200ms);
  ASSERT_EQ(p.asked().size(), 1u);
  p.store_answers();
  p.parts.clock.advance(200ms);
  EXPECT_EQ(p.failsafe.over(), p.asked()[0].question.episode);
  p.lose_store();
  p.parts.clock.advance(1200ms);
  EXPECT_FALSE(p.lock.status().consented);
}

TEST(Failsafe, an_episode_ends_with_what_it_kept) {
  Primary p;
  p.lose_store();
  p.parts.clock.advance(15s);
  ASSERT_TRUE(p.lock.status().consented);
  p.failsafe.look();
  EXPECT_EQ(p.failsafe.over(), "") << "postgres runs under it";
  p.lock.set_verdict(false, p.now());
  p.parts.clock.advance(40s);
  p.parts.runs_as(false);
  p.failsafe.look();
  EXPECT_EQ(p.failsafe.over(), p.asked()[0].question.episode);
}

}  // namespace
}  // namespace tamada
