// What a member promises to a primary that lost the store: in force before it is stored, stored before it is given.
#include "engine/promise.h"

#include <gtest/gtest.h>

#include "support/engine_parts.h"

namespace tamada {
namespace {

using test::silence;
using Kind = PromiseStatus::Kind;

// n1, a standby of n2, whose daemon has run before.
struct Member1 {
  Member1() {
    parts.configure([](Settings& s) {
      s.dynamic.failsafe_mode = true;
      s.dynamic.ttl = 30s;
    });
    parts.runs_as(false);
    parts.local.promise = PromiseRecord{.boot_id = "boot"};
    view.leader->generation.holder = "n2";
  }
  ~Member1() {
    parts.clock.run(keeper.stop());
    parts.clock.run(lock.stop());
    parts.clock.run(views.stop());
  }
  void load() {
    parts.store.on_load = [this] { return view; };
    EXPECT_TRUE(parts.clock.run(views.load(now() + 1s)));
    views.on_view(view);
    keeper.update_settings(parts.settings->dynamic);
    parts.clock.run(keeper.load());
    keeper.start();
    parts.clock.settle();
  }
  void see() {
    ++view.revision;
    views.on_view(view);
    keeper.look();
    parts.clock.settle();
  }
  // Asks and lets the answer come.
  OperatorReply ask(FailsafeQuestion question) {
    auto reply = begin(std::move(question));
    parts.clock.settle();
    EXPECT_TRUE(*reply);
    return reply->value_or(OperatorReply{0, ""});
  }
  std::shared_ptr<std::optional<OperatorReply>> begin(FailsafeQuestion question) {
    auto reply = std::make_shared<std::optional<OperatorReply>>();
    keeper.answer(std::move(question), [reply](OperatorReply answer) { *reply = std::move(answer); });
    return reply;
  }
  static FailsafeQuestion of(const std::string& name, const std::string& episode = "e1", int ttl = 30) {
    return {name, "postgres://" + name, "http://" + name + ":8008/patroni", episode, std::chrono::seconds(ttl)};
  }
  Instant now() { return parts.clock.now(); }

  test::EngineParts parts;
  ClusterView view = test::healthy_view();
  ViewKeeper views{parts.clock.executor(), parts.clock, parts.store, parts.log, [] {}};
  LockKeeper lock{parts.clock.executor(),
                  {parts.clock, parts.store, parts.local, parts.watchdog},
                  parts.log,
                  [] {},
                  [] { return std::optional<StatusDocument>(); }};
  ProcedureRunner runner{parts.clock.executor(), parts.clock, parts.log, [] {}};
  int changes = 0;
  PromiseKeeper keeper{parts.clock.executor(), parts.state, lock, runner, views, [this] { ++changes; }};
};

TEST(Promise, is_given_for_the_longest_ttl_in_force_and_stored_first) {
  Member1 m;
  m.load();
  EXPECT_EQ(m.keeper.status().kind, Kind::None);
  m.parts.local.save_takes = 100ms;
  const auto reply = m.begin(Member1::of("n2", "e1", 60));
  m.parts.clock.settle();
  EXPECT_EQ(m.keeper.status().kind, Kind::Given) << "no race from here on";
  EXPECT_TRUE(m.keeper.forbids_taking(false));
  EXPECT_TRUE(m.keeper.forbids_taking(true));
  EXPECT_FALSE(*reply) << "it is not stored yet";
  const Instant asked = m.now();
  m.parts.clock.advance(100ms);
  ASSERT_TRUE(*reply);
  EXPECT_EQ((*reply)->http_status, 200);
  EXPECT_EQ((*reply)->text, "Accepted");
  ASSERT_TRUE(m.parts.local.promise);
  EXPECT_EQ(m.parts.local.promise->to.name, "n2");
  EXPECT_EQ(m.parts.local.promise->until, asked + 60600ms) << "the asker's ttl, and a percent for two clocks";
  EXPECT_EQ(m.keeper.status().to, "n2");
  m.parts.clock.advance(60s);
  EXPECT_EQ(m.keeper.status().kind, Kind::Given);
  m.parts.clock.advance(1s);
  EXPECT_EQ(m.keeper.status().kind, Kind::None);
  EXPECT_FALSE(m.keeper.forbids_taking(false));
  EXPECT_EQ(m.parts.local.promise->until, kLongAgo) << "on record as over";
}

TEST(Promise, brings_the_positions_of_the_askers_slots_for_as_long_as_it_lasts) {
  Member1 m;
  m.load();
  FailsafeQuestion question = Member1::of("n2");
  question.slots = {{"n3", 77}};
  EXPECT_EQ(m.ask(question).http_status, 200);
  EXPECT_EQ(m.parts.state.failsafe_slots.positions, (SlotPositions{{"n3", 77}}));
  EXPECT_EQ(m.parts.state.failsafe_slots.until, m.keeper.status().until);
  question.name = "n3";
  question.slots = {{"n3", 99}};
  EXPECT_EQ(m.ask(question).http_status, 500);
  EXPECT_EQ(m.parts.state.failsafe_slots.positions, (SlotPositions{{"n3", 77}})) << "a refused asker tells nothing";
}

TEST(Promise, counts_the_longest_own_ttl_of_this_process) {
  Member1 m;
  m.load();
  DynamicSettings longer = m.parts.settings->dynamic;
  longer.ttl = 90s;
  m.keeper.update_settings(longer);
  m.keeper.update_settings(m.parts.settings->dynamic);
  EXPECT_EQ(m.ask(Member1::of("n2")).http_status, 200);
  EXPECT_EQ(m.keeper.status().until, m.now() + 90900ms);
}

TEST(Promise, is_not_given_when_the_mode_is_off) {
  Member1 m;
  m.parts.configure([](Settings& s) { s.dynamic.failsafe_mode = false; });
  m.load();
  EXPECT_EQ(m.ask(Member1::of("n2")).http_status, 502);
  EXPECT_EQ(m.keeper.status().kind, Kind::None);
}

TEST(Promise, one_that_cannot_be_stored_is_refused) {
  Member1 m;
  m.load();
  m.parts.local.on_save_promise = [] { return Result<void>(Error(ErrorCode::Io, "no space left")); };
  const OperatorReply reply = m.ask(Member1::of("n2"));
  EXPECT_EQ(reply.http_status, 500);
  EXPECT_NE(reply.text.find("no space left"), std::string::npos) << reply.text;
}

TEST(Promise, nobody_who_leads_or_may_be_about_to_gives_one) {
  const auto refused = [](Member1& m) {
    const OperatorReply reply = m.ask(Member1::of("n2"));
    EXPECT_EQ(reply.http_status, 500);
    EXPECT_EQ(m.keeper.status().kind, Kind::None);
    return reply.text;
  };
  Member1 primary;
  primary.parts.runs_as(true);
  primary.load();
  EXPECT_EQ(refused(primary), "Running as a leader");

  Member1 holder;
  holder.load();
  EXPECT_EQ(holder.parts.clock.run(holder.lock.acquire({}, holder.now() + 1s)), WriteKind::Applied);
  EXPECT_EQ(refused(holder), "Running as a leader");

  Member1 taking;
  taking.load();
  taking.parts.store.takes = 1s;
  taking.parts.clock.start(taking.lock.acquire({}, taking.now() + 10s));
  EXPECT_EQ(refused(taking), "Running as a leader");
  taking.parts.clock.advance(2s);

  Member1 doubtful;
  doubtful.load();
  doubtful.parts.store.takes = 1h;
  EXPECT_EQ(doubtful.parts.clock.run(doubtful.lock.acquire({}, doubtful.now() + 1s)), WriteKind::Unknown);
  EXPECT_EQ(refused(doubtful), "Running as a leader");

  for (const ProcedureKind kind : {ProcedureKind::Promote, ProcedureKind::Bootstrap}) {
    Member1 busy;
    busy.load();
    auto body = [](Clock& clock) -> Task<Result<void>> {
      co_await clock.sleep_for(1s);
      co_return Result<void>();
    };
    busy.runner.start(kind, "work", body(busy.parts.clock));
    EXPECT_EQ(refused(busy), "Running as a leader");
    busy.parts.clock.advance(2s);
  }

  Member1 unseen;
  unseen.parts.state.postgres = {};
  unseen.load();
  EXPECT_EQ(refused(unseen), "Running as a leader") << "nobody knows what runs here";
}

TEST(Promise, is_looked_at_again_after_the_disk_has_worked) {
  Member1 m;
  m.load();
  m.parts.local.save_takes = 1s;
  const auto reply = m.begin(Member1::of("n2"));
  m.parts.clock.settle();
  m.parts.runs_as(true);
  m.parts.clock.advance(1s);
  ASSERT_TRUE(*reply);
  EXPECT_EQ((*reply)->http_status, 500);
}

TEST(Promise, is_refused_to_whom_a_fresh_view_disproves) {
  Member1 m;
  m.load();
  EXPECT_EQ(m.ask(Member1::of("n3")).text, "n2 leads");
  EXPECT_EQ(m.ask(Member1::of("n1")).http_status, 500) << "our own name";
  m.views.on_watch_lost(silence());
  EXPECT_EQ(m.ask(Member1::of("n3")).http_status, 200) << "what was known may be old";
}

TEST(Promise, binds_to_one_asker) {
  Member1 m;
  m.load();
  m.views.on_watch_lost(silence());
  EXPECT_EQ(m.ask(Member1::of("n3")).http_status, 200);
  const Instant until = m.keeper.status().until;
  m.parts.clock.advance(1s);
  EXPECT_EQ(m.ask(Member1::of("n2")).http_status, 200) << "the last view shows it as the leader";
  EXPECT_GT(m.keeper.status().until, until);
  EXPECT_EQ(m.ask(Member1::of("n3")).text, "promised to n2");
}

TEST(Promise, is_over_when_its_asker_says_so_and_not_before) {
  Member1 m;
  m.load();
  EXPECT_EQ(m.ask(Member1::of("n2", "e1")).http_status, 200);
  m.view.members[1].failsafe_over = "e0";
  m.see();
  EXPECT_EQ(m.keeper.status().kind, Kind::Given) << "another episode";
  m.view.members[2].failsafe_over = "e1";
  m.see();
  EXPECT_EQ(m.keeper.status().kind, Kind::Given) << "another member";
  m.view.members[1].failsafe_over = "e1";
  m.see();
  EXPECT_EQ(m.keeper.status().kind, Kind::None);
  EXPECT_EQ(m.parts.local.promise->until, kLongAgo);
  EXPECT_EQ(m.ask(Member1::of("n2", "e1")).http_status, 500) << "a question that comes late";
  EXPECT_EQ(m.ask(Member1::of("n2", "e2")).http_status, 200);
}

TEST(Promise, one_that_ends_while_it_is_stored_is_not_given) {
  Member1 m;
  m.load();
  m.parts.local.save_takes = 1s;
  const auto reply = m.begin(Member1::of("n2", "e1"));
  m.parts.clock.settle();
  m.view.members[1].failsafe_over = "e1";
  m.see();
  m.parts.clock.advance(3s);
  ASSERT_TRUE(*reply);
  EXPECT_EQ((*reply)->http_status, 500);
  EXPECT_EQ(m.parts.local.promise->until, kLongAgo);
}

TEST(Promise, of_a_patroni_lasts_to_its_end) {
  Member1 m;
  m.load();
  EXPECT_EQ(m.ask(Member1::of("n2", "", 0)).http_status, 200);
  m.see();
  EXPECT_EQ(m.keeper.status().kind, Kind::Given);
}

TEST(Promise, outlives_the_daemon) {
  Member1 m;
  m.parts.local.promise = PromiseRecord{"boot", Member1::of("n2"), 30300ms, m.now() + 12s};
  EXPECT_EQ(m.keeper.status().kind, Kind::Unknown);
  EXPECT_TRUE(m.keeper.forbids_taking(false)) << "it is not read yet";
  m.load();
  EXPECT_EQ(m.keeper.status().kind, Kind::Given);
  EXPECT_EQ(m.keeper.status().until, m.now() + 12s);
}

TEST(Promise, begins_anew_after_a_reboot) {
  Member1 m;
  m.parts.local.promise = PromiseRecord{"the boot before", Member1::of("n2"), 30300ms, Instant(1s)};
  m.load();
  EXPECT_EQ(m.keeper.status().kind, Kind::Given);
  EXPECT_EQ(m.keeper.status().until, m.now() + 30300ms);
  EXPECT_EQ(m.parts.local.promise->boot_id, "boot");
}

TEST(Promise, that_was_over_before_a_reboot_is_over) {
  Member1 m;
  m.parts.local.promise = PromiseRecord{"the boot before", Member1::of("n2"), 30300ms, kLongAgo};
  m.load();
  EXPECT_EQ(m.keeper.status().kind, Kind::None);
}

TEST(Promise, that_is_not_on_record_may_have_been_given) {
  Member1 m;
  m.parts.local.promise.reset();
  m.load();
  EXPECT_EQ(m.keeper.status().kind, Kind::Forgotten);
  EXPECT_TRUE(m.keeper.forbids_taking(false));
  EXPECT_FALSE(m.keeper.forbids_taking(true)) << "a new cluster";
  ASSERT_TRUE(m.parts.local.promise) << "the next start does not wait anew";
  EXPECT_EQ(m.parts.local.promise->until, m.now() + 30300ms);
  m.parts.configure([](Settings& s) { s.dynamic.failsafe_mode = false; });
  EXPECT_FALSE(m.keeper.forbids_taking(false)) << "nobody is asked";
  m.parts.configure([](Settings& s) { s.dynamic.failsafe_mode = true; });
  DynamicSettings longer = m.parts.settings->dynamic;
  longer.ttl = 60s;
  m.keeper.update_settings(longer);
  EXPECT_EQ(m.keeper.status().until, m.now() + 60600ms) << "the store tells a longer ttl than the cache";
  m.parts.runs_as(true);
  EXPECT_FALSE(m.keeper.forbids_taking(false)) << "a running primary never promised";
  m.parts.clock.advance(61s);
  EXPECT_EQ(m.keeper.status().kind, Kind::None);
  EXPECT_EQ(m.parts.local.promise->until, kLongAgo);
}

}  // namespace
}  // namespace tamada
