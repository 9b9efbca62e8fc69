#include <gtest/gtest.h>

#include "support.h"

namespace tamada::ctl {
namespace {

constexpr const char* kLeader = "http://127.0.0.1:8000/";

std::string below_table(const std::string& text) {
  const auto end = text.rfind("+\n");
  return end == std::string::npos ? text : text.substr(end + 2);
}

// --- switchover and failover

TEST(Switchover, asks_leader_candidate_and_time_and_sends_4_1s_body) {
  Bench bench(Compatibility::V4_1, {"", "postgresql1", "", "y"});
  bench.store.view = three_members();
  bench.http.answers["POST http://127.0.0.1:8000/switchover"] = {
      200, "Successfully switched over to \"postgresql1\"", {}};
  EXPECT_EQ(bench.run({"switchover"}), 0);
  EXPECT_EQ(bench.http.sent,
            std::vector<std::string>{
                R"(POST http://127.0.0.1:8000/switchover {"candidate": "postgresql1", "leader": "postgresql0"})"});
  const std::string& shown = bench.console.shown;
  EXPECT_EQ(shown.find("Current cluster topology\n+ Cluster: batman "), 0U) << shown;
  EXPECT_NE(shown.find("Primary [postgresql0]: Candidate ['postgresql1', 'postgresql2'] []: "
                       "When should the switchover take place (e.g. "),
            std::string::npos)
      << shown;
  EXPECT_NE(shown.find(" )  [now]: Are you sure you want to switchover cluster batman, demoting current leader "
                       "postgresql0? [y/N]: "),
            std::string::npos)
      << shown;
  EXPECT_NE(shown.find("00.00000 Successfully switched over to \"postgresql1\"\n+ Cluster"), std::string::npos)
      << shown;
}

TEST(Switchover, sends_3_0s_body_with_nulls_and_the_schedule) {
  Bench bench(Compatibility::V3_0);
  bench.store.view = three_members();
  bench.http.answers["POST http://127.0.0.1:8000/switchover"] = {202, "Switchover scheduled", {}};
  EXPECT_EQ(bench.run({"switchover", "--force", "--scheduled", "2030-01-01T10:00+00:00"}), 0);
  EXPECT_EQ(
      bench.http.sent.front(),
      R"(POST http://127.0.0.1:8000/switchover {"leader": "postgresql0", "candidate": null, "scheduled_at": "2030-01-01T10:00:00+00:00"})");
}

TEST(Switchover, a_refusal_by_the_server_is_printed_and_is_no_error) {
  Bench bench;
  bench.store.view = three_members();
  bench.http.answers["POST http://127.0.0.1:8000/switchover"] = {412, "no good candidates", {}};
  EXPECT_EQ(bench.run({"switchover", "--force"}), 0);
  EXPECT_EQ(below_table(bench.console.shown), "Switchover failed, details: 412, no good candidates\n");
  EXPECT_TRUE(bench.store.writes.empty());
}

TEST(Switchover, is_repeated_on_failover_where_the_server_does_not_know_it) {
  Bench bench;
  bench.store.view = three_members();
  bench.http.answers["POST http://127.0.0.1:8000/switchover"] = {501, "Server does not support this operation", {}};
  bench.http.answers["POST http://127.0.0.1:8000/failover"] = {200, "ok", {}};
  EXPECT_EQ(bench.run({"switchover", "--force"}), 0);
  EXPECT_EQ(bench.http.sent.size(), 2U);
}

TEST(Switchover, writes_the_key_when_the_member_cannot_be_reached) {
  Bench bench;
  bench.store.view = three_members();
  EXPECT_EQ(bench.run({"switchover", "--force", "--candidate", "postgresql2"}), 0);
  ASSERT_EQ(bench.store.writes.size(), 1U);
  EXPECT_EQ(bench.store.writes[0].value, R"({"leader":"postgresql0","member":"postgresql2"})");
  EXPECT_NE(bench.console.shown.find("Could not switchover using Patroni api, falling back to DCS\n"),
            std::string::npos);
  EXPECT_NE(bench.console.errors.find("Failing over to DCS"), std::string::npos);
}

struct Refusal {
  std::vector<std::string> words;
  std::deque<std::string> answers;
  Compatibility level;
  std::string error;
};

TEST(Switchover, refuses_with_the_documented_texts) {
  const Compatibility v4 = Compatibility::V4_1;
  const Compatibility v3 = Compatibility::V3_0;
  const std::vector<Refusal> refusals{
      {{"switchover"}, {"x"}, v4, "Member x is not the leader of cluster batman"},
      {{"switchover", "--leader", "foo"}, {}, v4, "Member foo is not the leader of cluster batman"},
      {{"switchover"}, {"", "", "", ""}, v4, "Aborting switchover"},
      {{"switchover"}, {"", "", "2030-01-01T10:00", ""}, v4, "Aborting scheduled switchover"},
      {{"switchover", "--force", "--scheduled", "junk"},
       {},
       v4,
       "Unable to parse scheduled timestamp (junk). It should be in an unambiguous format (e.g. ISO 8601)"},
      {{"failover"}, {""}, v4, "Failover could be performed only to a specific candidate"},
      {{"failover", "--force"}, {}, v4, "Failover could be performed only to a specific candidate"},
      {{"failover", "--candidate", "postgresql0"}, {}, v3, "Failover target and source are the same."},
      {{"failover", "--candidate", "postgresql0"},
       {},
       v4,
       "Member postgresql0 is already the leader of cluster batman"},
      {{"failover", "--candidate", "foo"}, {}, v3, "Member foo does not exist in cluster batman"},
      {{"failover", "--candidate", "foo"},
       {},
       v4,
       "Member foo does not exist in cluster batman or is tagged as nofailover"},
      {{"failover", "--candidate", "postgresql1"}, {"n"}, v3, "Aborting failover"},
  };
  for (const Refusal& refusal : refusals) {
    Bench bench(refusal.level, refusal.answers);
    bench.store.view = three_members();
    EXPECT_EQ(bench.run(refusal.words), 1) << refusal.error;
    EXPECT_EQ(bench.console.errors, "Error: " + refusal.error + "\n");
    EXPECT_TRUE(bench.http.sent.empty());
  }
}

TEST(Switchover, the_end_of_input_aborts) {
  Bench bench;
  bench.store.view = three_members();
  EXPECT_EQ(bench.run({"switchover"}), 1);
  EXPECT_EQ(bench.console.errors, "Aborted!\n");
}

TEST(Switchover, cannot_be_scheduled_in_pause) {
  Bench bench;
  bench.store.view = three_members();
  bench.store.view.config->value["pause"] = true;
  EXPECT_EQ(bench.run({"switchover", "--force", "--scheduled", "2030-01-01T10:00"}), 1);
  EXPECT_EQ(bench.console.errors, "Error: Can't schedule switchover in the paused state\n");
}

TEST(Failover, works_without_a_leader_through_the_candidate) {
  Bench bench;
  bench.store.view = three_members();
  bench.store.view.leader.reset();
  bench.http.answers["POST http://127.0.0.1:8001/failover"] = {200, "Successfully failed over to \"postgresql1\"", {}};
  EXPECT_EQ(bench.run({"failover", "--force", "--candidate", "postgresql1"}), 0);
  EXPECT_EQ(bench.http.sent.front(), R"(POST http://127.0.0.1:8001/failover {"candidate": "postgresql1"})");
}

TEST(Failover, to_an_asynchronous_member_asks_once_more_in_synchronous_mode) {
  Bench bench(Compatibility::V4_1, {"n"});
  bench.store.view = three_members();
  bench.store.view.sync = parse_sync(R"({"leader":"postgresql0","sync_standby":"postgresql1"})");
  EXPECT_EQ(bench.run({"failover", "--candidate", "postgresql2"}), 1);
  EXPECT_NE(bench.console.shown.find("Are you sure you want to failover to the asynchronous node postgresql2? [y/N]: "),
            std::string::npos);
  EXPECT_EQ(bench.console.errors, "Error: Aborting failover\n");
}

TEST(Failover, that_names_the_leader_is_the_switchover_of_old) {
  Bench bench;
  bench.store.view = three_members();
  bench.http.answers["POST http://127.0.0.1:8000/switchover"] = {200, "ok", {}};
  EXPECT_EQ(bench.run({"failover", "--force", "--leader", "postgresql0", "--candidate", "postgresql1"}), 0);
  EXPECT_EQ(bench.http.sent.front(),
            R"(POST http://127.0.0.1:8000/switchover {"candidate": "postgresql1", "leader": "postgresql0"})");
}

// --- restart

TEST(Restart, asks_when_and_confirms_and_reports_each_member) {
  Bench bench(Compatibility::V4_1, {"", "y", ""});
  bench.store.view = three_members();
  bench.http.answers["POST http://127.0.0.1:8000/restart"] = {200, "restarted successfully", {}};
  bench.http.answers["POST http://127.0.0.1:8001/restart"] = {503, "restart conditions are not satisfied", {}};
  bench.http.answers["POST http://127.0.0.1:8002/restart"] = {409, "x", {}};
  EXPECT_EQ(bench.run({"restart", "batman"}), 0);
  EXPECT_EQ(below_table(bench.console.shown),
            "When should the restart take place (e.g. 2026-11-23T01:00)  [now]: "
            "Are you sure you want to restart members postgresql0, postgresql1, postgresql2? [y/N]: "
            "Restart if the PostgreSQL version is less than provided (e.g. 9.5.2)  []: "
            "Success: restart on member postgresql0\n"
            "Failed: restart for member postgresql1, status code=503, (restart conditions are not satisfied)\n"
            "Failed: another restart is already scheduled on member postgresql2\n");
  EXPECT_EQ(bench.http.sent.front(), "POST http://127.0.0.1:8000/restart {}");
}

TEST(Restart, sends_its_conditions_and_replaces_a_schedule_with_force) {
  Bench bench;
  bench.store.view = three_members();
  bench.store.view.members[1].scheduled_restart = json::object{{"schedule", "2029-01-01T00:00:00+00:00"}};
  bench.http.answers["DELETE http://127.0.0.1:8001/restart"] = {200, "", {}};
  bench.http.answers["POST http://127.0.0.1:8001/restart"] = {202, "Restart scheduled", {}};
  EXPECT_EQ(bench.run({"restart", "batman", "postgresql1", "--force", "--pending", "--pg-version", "16.1", "--timeout",
                       "30", "--scheduled", "2030-01-01T10:00:00+00:00"}),
            0);
  ASSERT_EQ(bench.http.sent.size(), 2U);
  EXPECT_EQ(bench.http.sent[0], "DELETE http://127.0.0.1:8001/restart");
  EXPECT_EQ(
      bench.http.sent[1],
      R"(POST http://127.0.0.1:8001/restart {"restart_pending": true, "postgres_version": "16.1", "schedule": "2030-01-01T10:00:00+00:00", "timeout": "30"})");
  EXPECT_EQ(below_table(bench.console.shown), "Success: restart scheduled on member postgresql1\n");
}

TEST(Restart, of_pending_members_leaves_the_others_alone) {
  Bench bench;
  bench.store.view = three_members();
  bench.store.view.members[2].pending_restart = true;
  bench.http.answers["POST http://127.0.0.1:8002/restart"] = {200, "", {}};
  EXPECT_EQ(bench.run({"restart", "batman", "--pending", "--force"}), 0);
  EXPECT_EQ(bench.http.sent.size(), 1U);
}

TEST(Restart, refuses_with_the_documented_texts) {
  const std::vector<Refusal> refusals{
      {{"restart", "batman", "--force", "--pg-version", "9.6"},
       {},
       Compatibility::V4_1,
       "Invalid PostgreSQL version format: X.Y or X.Y.Z is accepted: 9.6"},
      {{"restart", "batman", "--force", "--pg-version", "abc"},
       {},
       Compatibility::V4_1,
       "Invalid PostgreSQL version: abc"},
      {{"restart", "batman", "foo", "--force"}, {}, Compatibility::V3_0, "No any among provided members"},
      {{"restart", "batman", "foo", "--force"}, {}, Compatibility::V4_1, "No 'any' among provided members"},
      {{"restart", "batman", "-r", "leader", "postgresql1"},
       {},
       Compatibility::V4_1,
       "No 'leader' among provided members"},
      {{"restart", "batman"}, {"", "n"}, Compatibility::V4_1, "Aborted restart"},
      {{"restart", "batman"}, {"2030-01-01T10:00", "n"}, Compatibility::V4_1, "Aborted scheduled restart"},
      {{"reload", "batman"}, {"n"}, Compatibility::V4_1, "Aborted reload"},
      {{"reinit", "batman", "postgresql0", "--force"}, {}, Compatibility::V4_1, "No replica among provided members"},
      {{"reinit", "batman"}, {"n"}, Compatibility::V4_1, "n is not a member of cluster"},
      {{"reinit", "batman"}, {"postgresql2", "n"}, Compatibility::V4_1, "Aborted reinitialize"},
  };
  for (const Refusal& refusal : refusals) {
    Bench bench(refusal.level, refusal.answers);
    bench.store.view = three_members();
    EXPECT_EQ(bench.run(refusal.words), 1) << refusal.error;
    EXPECT_EQ(bench.console.errors, "Error: " + refusal.error + "\n");
    EXPECT_TRUE(bench.http.sent.empty());
  }
}

TEST(Restart, of_an_unreachable_member_is_an_error) {
  Bench bench;
  bench.store.view = three_members();
  EXPECT_EQ(bench.run({"restart", "batman", "postgresql1", "--force"}), 1);
  EXPECT_EQ(bench.console.errors,
            "Error: member postgresql1 at http://127.0.0.1:8001/patroni gave no answer: connection refused\n");
}

TEST(Selection, an_unknown_cluster_has_no_members) {
  Bench bench;
  EXPECT_EQ(bench.run({"reload", "nope", "--force"}), 1);
  EXPECT_EQ(bench.console.errors, "Error: nope cluster doesn't have any members\n");
}

// --- reload, reinit, flush

TEST(Reload, tells_what_each_member_answered) {
  Bench bench;
  bench.store.view = three_members();
  bench.http.answers["POST http://127.0.0.1:8000/reload"] = {200, "nothing", {}};
  bench.http.answers["POST http://127.0.0.1:8001/reload"] = {202, "reload scheduled", {}};
  bench.http.answers["POST http://127.0.0.1:8002/reload"] = {401, "no auth header received", {}};
  EXPECT_EQ(bench.run({"reload", "batman", "--force"}), 0);
  EXPECT_EQ(below_table(bench.console.shown),
            "No changes to apply on member postgresql0\n"
            "Reload request received for member postgresql1 and will be processed within 10 seconds\n"
            "Failed: reload for member postgresql2, status code=401, (no auth header received)\n");
}

TEST(Reinit, force_without_names_shows_the_table_and_does_nothing) {
  Bench bench;
  bench.store.view = three_members();
  EXPECT_EQ(bench.run({"reinit", "batman", "--force"}), 0);
  EXPECT_TRUE(bench.http.sent.empty());
  EXPECT_EQ(below_table(bench.console.shown), "");
}

TEST(Reinit, can_cancel_one_that_is_already_running) {
  Bench bench(Compatibility::V3_0, {"y", "y"});
  bench.store.view = three_members();
  bench.http.answers["POST http://127.0.0.1:8001/reinitialize"] = {503, "reinitialize already in progress", {}};
  EXPECT_EQ(bench.run({"reinit", "batman", "postgresql1"}), 0);
  EXPECT_EQ(bench.http.sent, (std::vector<std::string>{R"(POST http://127.0.0.1:8001/reinitialize {"force": false})",
                                                       R"(POST http://127.0.0.1:8001/reinitialize {"force": true})"}));
  EXPECT_NE(bench.console.shown.find("Do you want to cancel it and reinitialize anyway? [y/N]: "), std::string::npos);
}

TEST(Reinit, waits_until_the_member_no_longer_creates_its_replica) {
  Bench bench;
  bench.store.view = three_members();
  bench.http.answers["POST http://127.0.0.1:8001/reinitialize"] = {200, "reinitialize started", {}};
  bench.http.answers["GET http://127.0.0.1:8001/patroni"] = {200, R"({"state": "running"})", {}};
  EXPECT_EQ(bench.run({"reinit", "batman", "postgresql1", "--force", "--wait", "--from-leader"}), 0);
  EXPECT_EQ(bench.http.sent.front(), R"(POST http://127.0.0.1:8001/reinitialize {"force": true, "from_leader": true})");
  EXPECT_EQ(below_table(bench.console.shown),
            "Success: reinitialize for member postgresql1\n"
            "Waiting for reinitialize to complete on: postgresql1\n"
            "Reinitialize is completed on: postgresql1\n");
}

TEST(Flush, drops_scheduled_restarts_of_the_members_that_have_one) {
  Bench bench;
  bench.store.view = three_members();
  bench.store.view.members[1].scheduled_restart = json::object{{"schedule", "2029-01-01T00:00:00+00:00"}};
  bench.http.answers["DELETE http://127.0.0.1:8001/restart"] = {404, "no restarts are scheduled", {}};
  EXPECT_EQ(bench.run({"flush", "batman", "postgresql0", "postgresql1", "restart", "--force"}), 0);
  EXPECT_EQ(below_table(bench.console.shown),
            "No scheduled restart for member postgresql0\n"
            "Failed: flush scheduled restart for member postgresql1, status code=404, (no restarts are scheduled)\n");
}

TEST(Flush, of_a_switchover_goes_to_the_store_only_when_no_member_answers) {
  Bench bench;
  bench.store.view = three_members();
  EXPECT_EQ(bench.run({"flush", "batman", "switchover"}), 0);
  EXPECT_EQ(bench.console.shown, "No pending scheduled switchover\n");
  bench.store.view.failover = parse_failover(R"({"leader":"postgresql0","scheduled_at":"2030-01-01T10:00:00+00:00"})");
  bench.store.view.failover_revision = 9;
  EXPECT_EQ(bench.run({"flush", "batman", "switchover"}), 0);
  ASSERT_EQ(bench.store.writes.size(), 1U);
  EXPECT_EQ(bench.store.writes[0].value, "{}");
  EXPECT_EQ(bench.store.writes[0].condition.revision, 9);
  for (const char* member : {"8000", "8001", "8002"}) {
    bench.http.answers[std::string("DELETE http://127.0.0.1:") + member + "/switchover"] = {401, "no", {}};
  }
  EXPECT_EQ(bench.run({"flush", "batman", "switchover"}), 0);
  EXPECT_EQ(bench.store.writes.size(), 1U);
  EXPECT_NE(bench.console.shown.find("Failed: member=postgresql0, status_code=401, (no)\n"), std::string::npos);
}

// --- pause and resume

TEST(Pause, is_sent_to_the_leader_first_and_then_to_whoever_answers) {
  Bench bench;
  bench.store.view = three_members();
  bench.http.answers["PATCH http://127.0.0.1:8001/config"] = {200, "{}", {}};
  EXPECT_EQ(bench.run({"pause"}), 0);
  EXPECT_EQ(bench.http.sent, (std::vector<std::string>{R"(PATCH http://127.0.0.1:8000/config {"pause": true})",
                                                       R"(PATCH http://127.0.0.1:8001/config {"pause": true})"}));
  EXPECT_EQ(bench.console.shown, "Success: cluster management is paused\n");
  EXPECT_NE(bench.console.errors.find("Member postgresql0 is not accessible"), std::string::npos);
}

TEST(Pause, in_the_same_state_already_is_an_error) {
  Bench bench;
  bench.store.view = three_members();
  EXPECT_EQ(bench.run({"resume"}), 1);
  EXPECT_EQ(bench.console.errors, "Error: Cluster is not paused\n");
  bench.store.view.config->value["pause"] = true;
  EXPECT_EQ(bench.run({"pause"}), 1);
  EXPECT_EQ(bench.console.errors, "Error: Cluster is not paused\nError: Cluster is already paused\n");
}

TEST(Pause, a_refusal_ends_it_and_nobody_reachable_is_an_error) {
  Bench bench;
  bench.store.view = three_members();
  EXPECT_EQ(bench.run({"pause"}), 1);
  EXPECT_NE(bench.console.errors.find("Error: Can not find accessible cluster member\n"), std::string::npos);
  bench.http.answers[std::string("PATCH ") + kLeader + "config"] = {401, "no auth header received", {}};
  EXPECT_EQ(bench.run({"pause"}), 0);
  EXPECT_EQ(bench.console.shown, "Failed: pause cluster management status code=401, (no auth header received)\n");
}

TEST(Pause, waits_until_all_members_show_it) {
  Bench bench;
  bench.store.view = three_members();
  bench.http.answers["PATCH http://127.0.0.1:8000/config"] = {200, "{}", {}};
  int loads = 0;
  bench.store.before_load = [&loads](ClusterView& view) {
    if (++loads < 3) return;
    for (Member& member : view.members) member.pause = true;
  };
  EXPECT_EQ(bench.run({"pause", "--wait"}), 0);
  EXPECT_EQ(loads, 3);
  EXPECT_EQ(bench.console.shown,
            "'pause' request sent, waiting until it is recognized by all nodes\n"
            "Success: cluster management is paused\n");
}

TEST(Pause, names_the_living_members_that_did_not_take_notice) {
  Bench bench;
  bench.store.view = three_members();
  bench.http.answers["PATCH http://127.0.0.1:8000/config"] = {200, "{}", {}};
  bench.store.before_load = [](ClusterView& view) {
    view.members[0].pause = true;
    ++view.members[1].revision;
  };
  EXPECT_EQ(bench.run({"pause", "--wait"}), 0);
  EXPECT_EQ(bench.console.shown,
            "'pause' request sent, waiting until it is recognized by all nodes\n"
            "postgresql1 members didn't recognized pause state after 10 seconds\n");
}

// --- sides

TEST(Sides, a_demotion_is_sent_to_the_leader_and_watched_until_it_leads_as_a_standby) {
  Bench bench;
  bench.store.view = three_members();
  bench.http.answers["PATCH http://127.0.0.1:8000/config"] = {200, "{}", {}};
  int loads = 0;
  bench.store.before_load = [&loads](ClusterView& view) {
    ++loads;
    Member& leader = view.members[0];
    if (loads == 2) leader.state = parse_state(leader.state_text = "stopping");
    if (loads == 3) leader.role = Role::StandbyLeader;
    if (loads == 4) leader.state = parse_state(leader.state_text = "running");
  };
  EXPECT_EQ(bench.run({"demote-cluster", "--host", "far", "--port", "5433", "--primary-slot-name", "s", "--force"}), 0);
  EXPECT_EQ(bench.http.sent, (std::vector<std::string>{
                                 "PATCH http://127.0.0.1:8000/config "
                                 R"({"standby_cluster": {"host": "far", "port": 5433, "primary_slot_name": "s"}})"}));
  EXPECT_NE(bench.console.shown.find("cluster is unlocked: False, leader role: primary, leader state: stopping, "
                                     "previous leader state: 'stopping'\n"),
            std::string::npos)
      << bench.console.shown;
  EXPECT_NE(bench.console.shown.find("cluster is successfully demoted\n"), std::string::npos) << bench.console.shown;
  EXPECT_EQ(loads, 5) << "the last one for the table";
}

TEST(Sides, a_promotion_takes_the_section_away) {
  Bench bench;
  bench.store.view = three_members();
  bench.store.view.config->value["standby_cluster"] = json::object{{"host", "far"}};
  bench.store.view.members[0].role = Role::StandbyLeader;
  bench.http.answers["PATCH http://127.0.0.1:8000/config"] = {200, "{}", {}};
  int loads = 0;
  bench.store.before_load = [&loads](ClusterView& view) {
    if (++loads == 3) view.members[0].role = Role::Primary;
  };
  EXPECT_EQ(bench.run({"promote-cluster", "--force"}), 0);
  EXPECT_EQ(bench.http.sent,
            (std::vector<std::string>{R"(PATCH http://127.0.0.1:8000/config {"standby_cluster": null})"}));
  EXPECT_NE(bench.console.shown.find("leader role: standby_leader"), std::string::npos) << bench.console.shown;
  EXPECT_NE(bench.console.shown.find("cluster is successfully promoted\n"), std::string::npos) << bench.console.shown;
}

TEST(Sides, refuse_with_the_documented_texts) {
  Bench bench;
  bench.store.view = three_members();
  EXPECT_EQ(bench.run({"demote-cluster"}), 1);
  EXPECT_EQ(bench.run({"demote-cluster", "--port", "x"}), 1);
  EXPECT_EQ(bench.run({"promote-cluster"}), 1);
  EXPECT_EQ(bench.run({"demote-cluster", "--host", "far"}), 1);  // nobody answers the question
  bench.store.view.leader.reset();
  EXPECT_EQ(bench.run({"demote-cluster", "--host", "far"}), 1);
  EXPECT_EQ(bench.run({"promote-cluster"}), 1);
  EXPECT_TRUE(bench.http.sent.empty());
  for (const char* text :
       {"Error: At least --host, --port or --restore-command should be specified\n", "Error: 'x' is not a port\n",
        "Error: Cluster is already in the required state\n", "Error: Cluster has no leader, demotion is not possible\n",
        "Error: Cluster has no leader, promotion is not possible\n"}) {
    EXPECT_NE(bench.console.errors.find(text), std::string::npos) << text << bench.console.errors;
  }
}

// --- questions

TEST(Version, shows_members_only_with_a_cluster) {
  Bench bench;
  bench.store.view = three_members();
  bench.http.answers["GET http://127.0.0.1:8000/patroni"] = {
      200, R"({"server_version": 150020, "patroni": {"version": "1.5.4", "scope": "batman"}})", {}};
  bench.http.answers["GET http://127.0.0.1:8001/patroni"] = {
      503, R"({"server_version": 90624, "patroni": {"version": "3.0.2"}})", {}};
  EXPECT_EQ(bench.run({"version", "batman"}), 0);
  const std::string& shown = bench.console.shown;
  EXPECT_EQ(shown.find("tamadactl version "), 0U);
  EXPECT_NE(shown.find("\n\npostgresql0: Patroni 1.5.4 PostgreSQL 15.20\n"
                       "postgresql1: Patroni 3.0.2 PostgreSQL 9.6.24\n"
                       "postgresql2: failed to get version: "),
            std::string::npos)
      << shown;
}

TEST(Explain, shows_the_rule_and_why_and_fails_for_members_that_do_not_explain_themselves) {
  Bench bench;
  bench.store.view = three_members();
  bench.http.answers["GET http://127.0.0.1:8000/explain"] = {
      200,
      R"({"member":"postgresql0","status":"no action","rule":"LD-01","situation":"I lead","because":"the lock is mine","facts":{"lock":"mine"},"details":["b counts"]})",
      {}};
  EXPECT_EQ(bench.run({"explain", "batman", "postgresql0"}), 0);
  EXPECT_EQ(bench.console.shown,
            "postgresql0: no action\n  rule: LD-01\n  situation: I lead\n  because: the lock is mine\n"
            "  facts:\n    lock: mine\n  details:\n    b counts\n");
  EXPECT_EQ(bench.run({"explain"}), 1);
}

TEST(Explain, shows_how_far_a_clone_has_come) {
  Bench bench;
  bench.store.view = three_members();
  bench.http.answers["GET http://127.0.0.1:8000/explain"] = {
      200,
      R"({"member":"postgresql0","status":"busy","rule":"BZ-10","clone":{"method":"pgbackrest","source":null,"since":"2026-11-23T17:00:00+00:00","bytes_done":1048576,"bytes_total":4194304}})",
      {}};
  EXPECT_EQ(bench.run({"explain", "batman", "postgresql0"}), 0);
  EXPECT_EQ(bench.console.shown,
            "postgresql0: busy\n  rule: BZ-10\n"
            "  clone: pgbackrest since 2026-11-23T17:00:00+00:00, 1.0 MB of about 4.0 MB (25 %)\n");
}

constexpr const char* kPastRace =
    R"({"member":"postgresql0","id":17,"first":"2026-11-23T05:00:00+00:00","last":"2026-11-23T05:00:10+00:00","count":2,"rule":"NL-08","status":"following","action":"Follow","target":"b","outcome":"done","situation":"no leader","because":"somebody is ahead","leader":null,"facts":{"Peers":"Ahead"},"changed":{"Leader":{"from":"Other","to":"Nobody"}},"details":["b is ahead"]})";

TEST(Explain, shows_one_decision_of_the_past) {
  Bench bench;
  bench.store.view = three_members();
  bench.http.answers["GET http://127.0.0.1:8000/explain?past=17"] = {200, kPastRace, {}};
  bench.http.answers["GET http://127.0.0.1:8000/explain?past=race"] = {200, kPastRace, {}};
  bench.http.answers["GET http://127.0.0.1:8000/explain?at=2026-11-23T05:00:05%2B00:00"] = {200, kPastRace, {}};
  for (const std::vector<std::string>& how :
       {std::vector<std::string>{"--past", "17"}, {"--past", "race"}, {"--at", "2026-11-23T06:00:05+01:00"}}) {
    bench.console.shown.clear();
    std::vector<std::string> line{"explain", "batman", "postgresql0"};
    line.insert(line.end(), how.begin(), how.end());
    EXPECT_EQ(bench.run(line), 0);
    EXPECT_EQ(bench.console.shown,
              "postgresql0: following\n"
              "  decision: 17, 2026-11-23T05:00:00+00:00 to 2026-11-23T05:00:10+00:00, 2 cycles\n"
              "  rule: NL-08\n  situation: no leader\n  because: somebody is ahead\n  action: Follow b\n"
              "  outcome: done\n  changed since the decision before:\n    Leader: Other -> Nobody\n"
              "  facts:\n    Peers: Ahead\n  details:\n    b is ahead\n");
  }
  bench.console.shown.clear();
  EXPECT_EQ(bench.run({"explain", "batman", "postgresql0", "--past", "17", "-f", "json"}), 0);
  EXPECT_EQ(bench.console.shown.rfind("[{\"member\": \"postgresql0\", \"id\": 17", 0), 0U) << bench.console.shown;
}

TEST(Explain, lists_the_decisions_of_the_past) {
  Bench bench;
  bench.store.view = three_members();
  bench.http.answers["GET http://127.0.0.1:8000/explain?past=list"] = {
      200, std::string(R"({"member":"postgresql0","past":[)") + kPastRace + "]}", {}};
  EXPECT_EQ(bench.run({"explain", "batman", "postgresql0", "--list", "-f", "tsv"}), 0);
  EXPECT_EQ(bench.console.shown,
            "Member\tId\tFirst\tLast\tCount\tRule\tAction\tOutcome\tStatus\n"
            "postgresql0\t17\t2026-11-23T05:00:00+00:00\t2026-11-23T05:00:10+00:00\t2\tNL-08\tFollow b\tdone\t"
            "following\n");
}

TEST(Explain, refuses_questions_that_make_no_sense_and_tells_what_members_refuse) {
  Bench bench;
  bench.store.view = three_members();
  for (const std::vector<std::string>& line : {std::vector<std::string>{"explain", "--past", "17", "--list"},
                                               {"explain", "--past", "yesterday"},
                                               {"explain", "--at", "now"},
                                               {"explain", "--at", "noon"}}) {
    EXPECT_EQ(bench.run(line), 1);
  }
  EXPECT_TRUE(bench.http.sent.empty());
  bench.http.answers["GET http://127.0.0.1:8000/explain?past=3"] = {404, "decision 3 is not kept", {}};
  EXPECT_EQ(bench.run({"explain", "batman", "postgresql0", "--past", "3"}), 1);
  EXPECT_NE(bench.console.errors.find("member postgresql0: decision 3 is not kept"), std::string::npos);
  bench.console.errors.clear();
  bench.http.answers["GET http://127.0.0.1:8000/explain?past=4"] = {200, R"({"rule":"LD-01"})", {}};
  EXPECT_EQ(bench.run({"explain", "batman", "postgresql0", "--past", "4"}), 1) << "an answer of the present cycle";
}

TEST(Detach, asks_the_local_daemon_without_looking_at_the_store) {
  Bench bench(Compatibility::V4_1, {"y"});
  bench.context.make_store = [](const Settings&) {
    return Result<OpenedStore>(Error(ErrorCode::Unavailable, "the store was asked"));
  };
  EXPECT_EQ(bench.run({"detach", "--force"}), 1);
  bench.context.settings.name = "here";
  bench.context.settings.restapi.listen = "127.0.0.1:8009";
  bench.http.answers["POST http://127.0.0.1:8009/detach"] = {202, "detach scheduled", {}};
  EXPECT_EQ(bench.run({"detach"}), 0);
  EXPECT_NE(bench.console.shown.find("Success: detach of member here\n"), std::string::npos);
}

TEST(Dsn, gives_the_leader_a_named_member_or_one_of_a_role) {
  Bench bench;
  bench.store.view = three_members();
  EXPECT_EQ(bench.run({"dsn"}), 0);
  EXPECT_EQ(bench.run({"dsn", "-m", "postgresql2"}), 0);
  EXPECT_EQ(bench.run({"dsn", "-r", "replica"}), 0);
  EXPECT_EQ(bench.console.shown, "host=127.0.0.1 port=5550\nhost=127.0.0.1 port=5552\nhost=127.0.0.1 port=5551\n");
  EXPECT_EQ(bench.run({"dsn", "-r", "replica", "-m", "x"}), 1);
  EXPECT_EQ(bench.run({"dsn", "-m", "x"}), 1);
  EXPECT_EQ(bench.console.errors,
            "Error: --role and --member are mutually exclusive options\nError: Can not find a suitable member\n");
}

TEST(List, without_any_cluster_name_warns_and_succeeds) {
  Bench bench;
  bench.context.settings.scope.clear();
  EXPECT_EQ(bench.run({"list"}), 0);
  EXPECT_EQ(bench.console.errors, "log: Listing members: No cluster names were provided\n");
}

TEST(Remove, deletes_only_after_three_right_answers) {
  Bench wrong(Compatibility::V4_1, {"batman", "yes"});
  wrong.store.view = three_members();
  EXPECT_EQ(wrong.run({"remove", "batman"}), 1);
  EXPECT_EQ(wrong.console.errors, "Error: You did not exactly type \"Yes I am aware\"\n");
  EXPECT_FALSE(wrong.store.removed);
  Bench leader(Compatibility::V4_1, {"batman", "Yes I am aware", "x"});
  leader.store.view = three_members();
  EXPECT_EQ(leader.run({"remove", "batman"}), 1);
  EXPECT_FALSE(leader.store.removed);
  Bench right(Compatibility::V4_1, {"batman", "Yes I am aware", "postgresql0"});
  right.store.view = three_members();
  EXPECT_EQ(right.run({"remove", "batman"}), 0);
  EXPECT_TRUE(right.store.removed);
}

}  // namespace
}  // namespace tamada::ctl
