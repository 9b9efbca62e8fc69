// What the engine puts together: settings of the view, its own member key.
#include "engine/engine.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/event_feed.h"
#include "support/engine_parts.h"

namespace tamada {
namespace {

// A standby among others; runs until the test ends.
struct Running {
  Running() {
    parts.runs_as(false);
    parts.store.on_load = [this] { return stored; };
    stored.config = ConfigDocument{{{"ttl", 10}}, 3};
    stored.config_revision = 3;
    for (Member& member : stored.members) member.tamada_version = "1.0";
    stored.members[0].api_url.clear();  // nobody answers under our own name
  }
  ~Running() {
    if (engine) {
      engine->submit(DetachRequest{}, {});
      parts.clock.advance(1min);
    }
  }
  void start() {
    engine.emplace(parts.clock.executor(), parts.ports, parts.log);
    exit_code = parts.clock.start(engine->run());
    parts.clock.advance(1s);
  }
  void see() {
    ++stored.revision;
    parts.store.listener->on_view(stored);
    parts.clock.advance(1s);
  }

  test::EngineParts parts;
  ClusterView stored = test::healthy_view();
  std::function<std::optional<int>()> exit_code;
  std::optional<Engine> engine;
};

TEST(Engine, tells_origins_and_what_a_change_would_do_without_doing_it) {
  Running r;
  r.start();
  const auto ask = [&](SettingsQuestion question) {
    OperatorReply reply{0, ""};
    r.engine->submit(std::move(question), [&](OperatorReply answer) { reply = std::move(answer); });
    r.parts.clock.advance(1s);
    EXPECT_EQ(reply.http_status, 200) << reply.text;
    return parse_json(reply.text)->as_object();
  };
  EXPECT_FALSE(ask({}).at("settings").as_array().empty());
  r.parts.postgres.outlook.running = true;
  r.parts.postgres.outlook.parameters["max_connections"] = {ParameterOutlook::Effect::Restart, "100", "200"};
  const std::size_t documents = r.parts.source.documents.size();
  const json::object answer =
      ask({json::object{{"ttl", 25}, {"postgresql", {{"parameters", {{"max_connections", 200}}}}}}});
  ASSERT_EQ(answer.at("changes").as_array().size(), 2u) << to_json(answer, JsonStyle::Spaced);
  EXPECT_EQ(answer.at("changes").at(0).at("effect"), "restart");
  EXPECT_EQ(answer.at("changes").at(1).at("effect"), "reload");
  EXPECT_EQ(r.parts.source.documents.size(), documents);
}

TEST(Engine, a_patroni_member_brings_its_minima_and_takes_them_away) {
  Running r;
  r.start();
  EXPECT_EQ(r.parts.source.minima, std::vector<bool>{false});
  r.stored.members[1].tamada_version.clear();
  r.stored.members[1].timeline = Timeline{2};
  r.see();
  EXPECT_EQ(r.parts.source.minima, (std::vector<bool>{false, true})) << "the same /config, other limits";
  EXPECT_EQ(r.parts.source.documents.size(), 2u);
  r.see();
  EXPECT_EQ(r.parts.source.minima.size(), 2u);
  r.stored.members.erase(r.stored.members.begin() + 1);
  r.see();
  EXPECT_EQ(r.parts.source.minima, (std::vector<bool>{false, true, false}));
}

TEST(Engine, a_config_that_is_in_force_already_changes_nothing) {
  Running r;
  r.parts.configure([](Settings& s) { s.dynamic_document = {{"ttl", 10}}; });
  r.start();
  EXPECT_TRUE(r.parts.source.documents.empty());
  r.stored.config = ConfigDocument{{{"ttl", 20}}, 4};
  r.stored.config_revision = 4;
  r.see();
  EXPECT_EQ(r.parts.source.documents.size(), 1u);
}

TEST(Engine, publishes_the_proxy_in_front_of_postgres) {
  Running r;
  r.parts.configure([](Settings& s) { s.postgresql.proxy_address = "10.0.0.9:6432"; });
  r.start();
  EXPECT_EQ(r.engine->snapshot()->own_member.proxy_url, "postgres://10.0.0.9:6432/postgres");
  ASSERT_GE(r.parts.store.count("touch"), 1);
}

// A run that was killed leaves the watchdog armed: it would reset the host of a member that serves as standby by now.
TEST(Engine, a_watchdog_that_the_run_before_left_armed_is_disarmed) {
  for (const bool led : {true, false}) {
    Running r;
    r.stored.leader = LeaderEntry{{"n2", 7, "a"}, 9};
    r.stored.members[1].role = Role::Primary;
    r.parts.watchdog.active = false;
    if (led) r.parts.local.adoption = AdoptionRecord{"boot", "store-1", {"n1", 3, "b"}, 30s, r.parts.clock.now()};
    r.start();
    EXPECT_EQ(r.parts.watchdog.activated, led ? 1 : 0);
    EXPECT_EQ(r.parts.watchdog.disabled, led ? 1 : 0);
  }
}

// PostgreSQL ended by itself and the lock was lost meanwhile: no demotion disarms it (seed 901949).
TEST(Engine, a_watchdog_that_a_standby_finds_armed_is_disarmed) {
  Running r;
  r.stored.leader = LeaderEntry{{"n2", 7, "a"}, 9};
  r.stored.members[1].role = Role::Primary;
  r.parts.watchdog.active = true;
  r.start();
  EXPECT_EQ(r.parts.watchdog.disabled, 1);
}

TEST(Engine, a_primary_whose_lock_is_not_on_record_is_stopped_soon_when_the_store_does_not_answer) {
  for (const bool member_before : {true, false}) {
    for (const bool tells : {true, false}) {
      Running r;
      r.parts.runs_as(true);
      if (!tells) r.parts.postgres.status.row.reset();
      r.parts.store.on_load = []() -> Result<ClusterView> { return Error(ErrorCode::Unavailable, "no answer"); };
      if (member_before) r.parts.local.dynamic_cache = json::object{{"ttl", 30}};
      r.start();
      EXPECT_TRUE(r.parts.postgres.stops.empty()) << "the store has a moment to answer";
      r.parts.clock.advance(15s);
      EXPECT_EQ(r.parts.postgres.stops.empty(), !member_before);
    }
  }
}

TEST(Engine, publishes_with_its_renewals_which_slots_of_absent_members_are_kept) {
  Running r;
  r.parts.runs_as(true);
  r.stored.leader.reset();
  r.stored.initialize = InitializeKey{"7711230260053689444", 2};
  r.stored.status->retain_slots = {"gone_before"};
  r.parts.store.on_acquire = [&](AcquireRequest request, Instant sent) {
    r.stored.leader = LeaderEntry{{"n1", 7, "a"}, 7};
    return test::FakeStore::Proven::make_applied({{"n1", 7, "a"}, sent + Duration(request.ttl), request.ttl});
  };
  std::optional<StatusDocument> published;
  r.parts.store.on_renew = [&](LockGeneration generation, RenewRequest request, Instant sent) {
    if (request.status) published = request.status;
    return test::FakeStore::Proven::make_applied({generation, sent + Duration(request.ttl), request.ttl});
  };
  r.start();
  r.stored.members.pop_back();
  r.see();
  r.parts.clock.advance(30s);
  ASSERT_TRUE(published);
  EXPECT_EQ(published->retain_slots, (std::vector<std::string>{"gone_before", "n1", "n2", "n3"}));
}

TEST(Engine, a_restart_may_take_as_long_as_its_operator_said_before_another_member_is_asked) {
  Running r;
  r.parts.runs_as(true);
  r.stored.leader = LeaderEntry{{"n1", 7, "a"}, 9};
  r.parts.local.adoption = AdoptionRecord{"boot", "store-1", {"n1", 7, "a"}, 30s, r.parts.clock.now()};
  r.start();
  ASSERT_EQ(r.engine->snapshot()->explanation.rule, "IL-02");
  r.engine->submit(RestartRequest{.timeout = 40s}, {});
  r.parts.clock.advance(1s);
  EXPECT_EQ(r.parts.postgres.stops.size(), 1u);
  r.parts.postgres.status.process = ProcessState::Running;
  r.parts.postgres.status.accepting = Accepting::Rejecting;
  r.parts.clock.advance(45s);
  EXPECT_EQ(r.engine->snapshot()->explanation.rule, "ST-03") << r.engine->snapshot()->status;
}

constexpr const char* kStarted = "2026-11-23 05:20:13.398298+00:00";

// The primary with its lock; a restart is scheduled in twenty seconds.
struct Scheduled : Running {
  Scheduled() {
    parts.runs_as(true);
    parts.postgres.status.row->postmaster_start_time = kStarted;
    stored.leader = LeaderEntry{{"n1", 7, "a"}, 9};
    parts.local.adoption = AdoptionRecord{"boot", "store-1", {"n1", 7, "a"}, 30s, parts.clock.now()};
    wanted.at = parts.clock.wall_now() + 20s;
    wanted.request.timeout = 40s;
    wanted.postmaster_start_time = kStarted;
  }
  std::size_t restarts() const { return parts.postgres.stops.size(); }
  bool shown() const { return engine->snapshot()->own_member.scheduled_restart.has_value(); }
  ScheduledRestart wanted;
};

TEST(Engine, a_scheduled_restart_takes_place_at_its_time_and_once) {
  Scheduled r;
  r.parts.postgres.stop_takes[StopMode::Fast] = 3s;
  r.start();
  std::string answer;
  r.engine->submit(ScheduleRestart{r.wanted}, [&](OperatorReply reply) { answer = reply.text; });
  r.parts.clock.advance(1s);
  EXPECT_EQ(answer, "Restart scheduled");
  const auto& calls = r.parts.store.calls;
  EXPECT_TRUE(std::any_of(calls.begin(), calls.end(), [](const std::string& call) {
    return call.starts_with("touch ") && call.find("\"scheduled_restart\":{\"schedule\":") != std::string::npos;
  })) << "the member key tells it at once";
  r.parts.clock.advance(17s);
  EXPECT_EQ(r.restarts(), 0u);
  EXPECT_TRUE(r.shown());
  r.parts.clock.advance(1s);
  EXPECT_EQ(r.restarts(), 1u);
  EXPECT_FALSE(r.shown());
  EXPECT_TRUE(r.parts.local.scheduled_restart) << "for a daemon that finds the restart half done";
  r.parts.clock.advance(3s);
  EXPECT_FALSE(r.parts.local.scheduled_restart);
  r.parts.runs_as(true);
  r.parts.postgres.status.row->postmaster_start_time = "2026-11-23 06:00:00.000000+00:00";
  r.parts.clock.advance(30s);
  EXPECT_EQ(r.restarts(), 1u);
}

TEST(Engine, a_scheduled_restart_is_carried_out_by_the_next_daemon) {
  Scheduled r;
  r.parts.local.scheduled_restart = r.wanted;
  r.start();
  EXPECT_TRUE(r.shown());
  r.parts.clock.advance(20s);
  EXPECT_EQ(r.restarts(), 1u);
}

TEST(Engine, a_scheduled_restart_that_was_done_before_the_daemon_was_killed_is_not_done_again) {
  Scheduled r;
  r.parts.postgres.status.row->postmaster_start_time = "2026-11-23 06:00:00.000000+00:00";
  r.parts.local.scheduled_restart = r.wanted;
  r.start();
  EXPECT_FALSE(r.shown());
  EXPECT_FALSE(r.parts.local.scheduled_restart);
  EXPECT_TRUE(r.parts.log_lines.contains("PostgreSQL was started anew since"));
  r.parts.clock.advance(30s);
  EXPECT_EQ(r.restarts(), 0u);
}

TEST(Engine, a_restart_that_no_moment_comes_for_is_refused_while_its_operator_listens) {
  Running r;
  r.parts.postgres.status.accepting = Accepting::Rejecting;
  r.parts.postgres.status.recovery_configured = true;
  r.parts.postgres.status.row.reset();
  r.stored.leader = LeaderEntry{{"n2", 7, "a"}, 9};
  r.start();
  std::string answer;
  r.engine->submit(RestartRequest{.timeout = 30s}, [&](OperatorReply reply) { answer = reply.text; });
  r.parts.clock.advance(29s);
  EXPECT_EQ(answer, "");
  r.parts.clock.advance(12s);
  EXPECT_EQ(answer, "postgres is still starting");
  r.parts.runs_as(false);
  r.parts.clock.advance(1min);
  EXPECT_TRUE(r.parts.postgres.stops.empty());
}

TEST(Engine, a_forced_reinitialize_cancels_a_clone_and_what_was_cancelled_is_not_started) {
  Running r;
  r.stored.leader = LeaderEntry{{"n2", 7, "a"}, 9};
  r.stored.members[1].role = Role::Primary;
  r.parts.postgres.clone_takes = 1h;
  r.start();
  std::vector<int> answers;
  const auto order = [&](bool force) {
    r.engine->submit(ReinitializeRequest{.force = force},
                     [&](OperatorReply reply) { answers.push_back(reply.http_status); });
    r.parts.clock.advance(3s);
  };
  const auto& calls = r.parts.postgres.calls;
  const auto clones = [&] { return std::count(calls.begin(), calls.end(), "clone n2"); };
  order(false);
  EXPECT_EQ(clones(), 1);
  order(false);
  EXPECT_EQ(clones(), 1) << "it is waited for";
  order(true);
  EXPECT_EQ(clones(), 2);
  EXPECT_EQ(answers, (std::vector<int>{200, 503, 200}));
  EXPECT_EQ(std::count(calls.begin(), calls.end(), "start"), 0);
  EXPECT_TRUE(r.parts.log_lines.contains("[UF-08]")) << "the directory was known to be half a copy";
}

// With the storage check alone.
void watch_storage(Running& r, HealthPolicy policy) {
  r.parts.configure([&](Settings& s) { s.postgresql.health.checks[HealthCheck::Storage] = {policy, 30s}; });
}

TEST(Engine, a_sick_standby_leaves_synchronous_duty_until_it_is_well) {
  Running r;
  watch_storage(r, HealthPolicy::Failover);
  r.start();
  r.parts.health.volumes.write = ProbeAnswer::trouble("cannot write");
  r.parts.clock.advance(30s);
  EXPECT_FALSE(r.engine->snapshot()->own_member.tags.nosync()) << "it may pass";
  r.parts.clock.advance(15s);
  EXPECT_TRUE(r.engine->snapshot()->sick());
  EXPECT_TRUE(r.engine->snapshot()->own_member.tags.nosync());
  r.parts.health.volumes.write = ProbeAnswer::fine();
  r.parts.clock.advance(20s);
  EXPECT_FALSE(r.engine->snapshot()->own_member.tags.nosync());
}

TEST(Engine, a_sick_primary_hands_over_by_policy_and_only_to_who_is_well) {
  for (const HealthPolicy policy : {HealthPolicy::Failover, HealthPolicy::Report}) {
    for (const bool others_well : {true, false}) {
      Running r;
      watch_storage(r, policy);
      r.parts.runs_as(true);
      r.parts.local.adoption = AdoptionRecord{"boot", "store-1", {"n1", 7, "a"}, 30s, r.parts.clock.now() + 30s};
      const auto healthy = r.parts.peers.answer;
      r.parts.peers.answer = [=](const Member& member) {
        PeerAnswer answer = healthy(member);
        answer.in_recovery = true;
        answer.sick = !others_well;
        return answer;
      };
      r.start();
      ASSERT_TRUE(r.parts.log_lines.contains("taken over"));
      r.parts.health.volumes.write = ProbeAnswer::trouble("cannot write");
      r.parts.clock.advance(30s);
      EXPECT_TRUE(r.parts.postgres.stops.empty());
      r.parts.clock.advance(20s);
      const bool acts = policy == HealthPolicy::Failover && others_well;
      EXPECT_EQ(!r.parts.postgres.stops.empty(), acts);
      EXPECT_EQ(r.parts.store.count("release a"), acts ? 1 : 0);
    }
  }
}

TEST(Engine, remembers_what_it_decided_and_what_came_of_it) {
  Running r;
  r.parts.runs_as(true);
  r.stored.leader = LeaderEntry{{"n1", 7, "a"}, 9};
  r.parts.local.adoption = AdoptionRecord{"boot", "store-1", {"n1", 7, "a"}, 30s, r.parts.clock.now()};
  r.start();
  r.parts.clock.advance(1min);
  const auto before = r.engine->snapshot()->decisions;
  ASSERT_TRUE(before);
  EXPECT_EQ(before->entries.back()->rule, "IL-02");
  EXPECT_GT(before->entries.back()->count, 5u) << "idle cycles are one entry";
  EXPECT_LT(before->entries.size(), 5u);
  r.engine->submit(RestartRequest{}, {});
  r.parts.clock.advance(1min);
  const auto entries = r.engine->snapshot()->decisions->entries;
  const auto restart =
      std::find_if(entries.begin(), entries.end(), [](const auto& e) { return e->action == "Restart"; });
  ASSERT_NE(restart, entries.end());
  EXPECT_FALSE((*restart)->outcome.empty());
  EXPECT_NE((*restart)->outcome, "in progress");
}

TEST(Engine, what_changed_is_told_to_listeners) {
  Running r;
  r.start();
  r.stored.leader = LeaderEntry{{"n2", 7, "a"}, 9};
  r.see();
  const auto events = r.engine->snapshot()->events;
  ASSERT_TRUE(events);
  const auto leader = std::find_if(events->events.begin(), events->events.end(),
                                   [](const auto& event) { return event->kind == "leader"; });
  ASSERT_NE(leader, events->events.end());
  EXPECT_EQ((*leader)->data.at("to"), "n2");
}

TEST(Engine, requests_after_its_end_are_refused) {
  Running r;
  r.start();
  r.engine->submit(DetachRequest{}, {});
  r.parts.clock.advance(1min);
  EXPECT_EQ(r.exit_code(), 0);
  OperatorReply reply;
  r.engine->submit(StatusRequest{}, [&](OperatorReply answer) { reply = answer; });
  r.parts.clock.settle();
  EXPECT_EQ(reply.http_status, 503);
}

}  // namespace
}  // namespace tamada
