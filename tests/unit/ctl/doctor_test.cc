// Every check fires on its case and on nothing of a healthy cluster; docs/doctor.md is made from the table.
#include "ctl/doctor.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>

#include <fmt/format.h>

#include "support.h"

namespace tamada::ctl {
namespace {

constexpr const char* kStatus =
    R"({"state":"running","database_system_identifier":"7711230260053689444","server_version":150020,"dcs_last_seen":1795392000,"tamada":{"version":"1.0"}})";
constexpr const char* kSelf =
    R"({"compatibility":"4.1","watchdog":"automatic","rest_authentication":true,"rest_tls":true,"writes_open":false,"use_pg_rewind":true,"use_slots":true,"keeps_wal":true,"archiving":"on","hba_trust":[],"log_level":"INFO","max_connections":100,"configured_max_connections":"100","wal_log_hints":false,"data_checksums":true,"data_volume":{"total_bytes":1000,"free_bytes":500}})";

// Three members on three hosts, everything as it should be.
ClusterReport healthy() {
  ClusterReport r;
  r.view = three_members();
  r.settings.store = "etcd3";
  r.settings.etcd3.hosts = {"10.0.0.1:2379", "10.0.0.2:2379", "10.0.0.3:2379"};
  r.settings.dynamic.failsafe_mode = true;
  r.now = WallTime(std::chrono::seconds(1795392005));
  for (std::size_t i = 0; i < r.view.members.size(); ++i) {
    Member& m = r.view.members[i];
    m.conn_url = fmt::format("postgres://10.0.1.{}:5432/postgres", i);
    m.tamada_version = "1.0";
    m.tags = {};
    r.view.failsafe[m.name] = m.api_url;
    MemberReport one;
    one.member = m;
    one.status = parse_json(kStatus)->as_object();
    one.own = parse_json(kSelf)->as_object();
    one.clock_ahead = 0.3;
    r.members.push_back(std::move(one));
  }
  return r;
}

json::object& own(ClusterReport& r, std::size_t i = 1) {
  return *r.members[i].own;
}
json::object& status(ClusterReport& r, std::size_t i = 1) {
  return *r.members[i].status;
}

using Break = std::function<void(ClusterReport&)>;
struct Case {
  Severity severity;
  Break damage;
};

void tag_all(ClusterReport& r, const char* tag) {
  for (Member& m : r.view.members) m.tags.raw[tag] = true;
}

void write_history(ClusterReport& r, const char* text) {
  r.view.history = parse_history(text);
}

const std::multimap<std::string, Case>& cases() {
  using enum Severity;
  static const std::multimap<std::string, Case> all{
      {"leader", {Critical, [](auto& r) { r.view.leader.reset(); }}},
      {"leader", {Critical, [](auto& r) { r.view.leader->generation.holder = "gone"; }}},
      {"initialize", {Warning, [](auto& r) { r.view.initialize.reset(); }}},
      {"members-run", {Critical, [](auto& r) { r.view.members[0].state = PgState::Crashed; }}},
      {"members-run", {Warning, [](auto& r) { r.view.members[1].state = PgState::Stopped; }}},
      {"streaming", {Warning, [](auto& r) { r.view.members[1].replication_state = "in archive recovery"; }}},
      {"timeline", {Warning, [](auto& r) { r.view.members[1].timeline = Timeline{1}; }}},
      {"lag", {Warning, [](auto& r) { r.view.status->optime = Lsn{67406928 + 2 * 1048576}; }}},
      {"candidate", {Critical, [](auto& r) { tag_all(r, "nofailover"); }}},
      {"candidate", {Critical, [](auto& r) { r.view.status->optime = Lsn{67406928 + 2 * 1048576}; }}},
      {"candidate", {Notice, [](auto& r) { r.view.members.resize(1); }}},
      {"nofailover", {Warning, [](auto& r) { tag_all(r, "nofailover"); }}},
      {"pause", {Warning, [](auto& r) { r.settings.dynamic.pause = true; }}},
      {"pending-restart", {Warning, [](auto& r) { r.view.members[2].pending_restart = true; }}},
      {"requests", {Notice, [](auto& r) { r.view.failover = FailoverRequest{.candidate = "postgresql1"}; }}},
      {"history", {Warning, [](auto& r) { write_history(r, "[[1,100,\"a\"],[1,200,\"b\"]]"); }}},
      {"history",
       {Warning,
        [](auto& r) {
          write_history(r, "[[1,300,\"a\"],[2,200,\"b\"]]");
          r.view.members[0].timeline = Timeline{3};
        }}},
      {"history", {Critical, [](auto& r) { write_history(r, "[[1,100,\"a\"],[2,200,\"b\"]]"); }}},
      {"hosts", {Notice, [](auto& r) { r.view.members[1].conn_url = r.view.members[0].conn_url; }}},
      {"synchronous", {Warning, [](auto& r) { r.settings.dynamic.synchronous_mode = SynchronousMode::On; }}},
      {"synchronous",
       {Critical,
        [](auto& r) {
          r.settings.dynamic.synchronous_mode = SynchronousMode::On;
          r.settings.dynamic.synchronous_mode_strict = true;
        }}},
      {"synchronous",
       {Warning,
        [](auto& r) {
          r.settings.dynamic.synchronous_mode = SynchronousMode::On;
          r.settings.dynamic.synchronous_node_count = 2;
          r.view.sync = {"postgresql0", {"postgresql1"}, 0, 5};
        }}},
      {"strict-reserve",
       {Notice,
        [](auto& r) {
          r.settings.dynamic.synchronous_mode = SynchronousMode::On;
          r.settings.dynamic.synchronous_mode_strict = true;
          r.settings.dynamic.synchronous_node_count = 2;
        }}},
      {"failsafe-map", {Warning, [](auto& r) { r.view.failsafe.erase("postgresql1"); }}},
      {"failsafe", {Notice, [](auto& r) { r.settings.dynamic.failsafe_mode = false; }}},
      {"ttl-sum", {Warning, [](auto& r) { r.view.config->value["ttl"] = 20; }}},
      {"ttl-margin",
       {Notice,
        [](auto& r) {
          r.settings.dynamic.ttl = std::chrono::seconds(15);
          r.settings.dynamic.loop_wait = r.settings.dynamic.retry_timeout = std::chrono::seconds(5);
        }}},
      {"store-hosts", {Warning, [](auto& r) { r.settings.etcd3.hosts = {"10.0.0.1:2379"}; }}},
      {"store-hosts", {Warning, [](auto& r) { r.settings.etcd3.hosts = {"10.0.0.1:1", "10.0.0.1:2", "10.0.0.1:3"}; }}},
      {"store-nodes", {Notice, [](auto& r) { r.settings.etcd3.hosts.pop_back(); }}},
      {"store-seen", {Warning, [](auto& r) { status(r)["dcs_last_seen"] = 1795391900; }}},
      {"reachable", {Warning, [](auto& r) { r.members[1].status.reset(); }}},
      {"clocks", {Warning, [](auto& r) { r.members[1].clock_ahead = -7; }}},
      {"system", {Critical, [](auto& r) { status(r)["database_system_identifier"] = "7711230260053689000"; }}},
      {"server-version", {Critical, [](auto& r) { status(r)["server_version"] = 160001; }}},
      {"server-version", {Notice, [](auto& r) { status(r)["server_version"] = 150019; }}},
      {"daemon-version", {Notice, [](auto& r) { r.view.members[1].tamada_version = ""; }}},
      {"health",
       {Critical,
        [](auto& r) { status(r)["tamada"] = {{"health", {{"state", "sick"}, {"trouble", {{"storage", "hangs"}}}}}}; }}},
      {"health", {Warning, [](auto& r) { status(r)["tamada"] = {{"health", {{"notice", "no places left"}}}}; }}},
      {"slot-gaps", {Critical, [](auto& r) { status(r)["tamada"] = {{"logical_slot_gaps", {{"cdc", "lost"}}}}; }}},
      {"slot-wal", {Warning, [](auto& r) { r.members[0].slots = {{{"name", "s"}, {"retained_bytes", 20000000000}}}; }}},
      {"slot-wal", {Critical, [](auto& r) { r.members[0].slots = {{{"name", "s"}, {"wal_status", "lost"}}}; }}},
      {"watchdog", {Critical, [](auto& r) { status(r)["watchdog_failed"] = true; }}},
      {"watchdog-off", {Notice, [](auto& r) { own(r)["watchdog"] = "off"; }}},
      {"open-writes", {Warning, [](auto& r) { own(r)["writes_open"] = true; }}},
      {"rest-tls", {Notice, [](auto& r) { own(r)["rest_tls"] = false; }}},
      {"rewind", {Warning, [](auto& r) { own(r)["data_checksums"] = false; }}},
      {"rewind", {Notice, [](auto& r) { own(r)["use_pg_rewind"] = false; }}},
      {"standby-limits", {Warning, [](auto& r) { own(r)["configured_max_connections"] = "50"; }}},
      {"disk-space", {Warning, [](auto& r) { own(r)["data_volume"].as_object()["free_bytes"] = 90; }}},
      {"disk-space", {Critical, [](auto& r) { own(r)["data_volume"].as_object()["free_bytes"] = 20; }}},
      {"keep-wal", {Warning, [](auto& r) { own(r)["use_slots"] = own(r)["keeps_wal"] = false; }}},
      {"archive", {Warning, [](auto& r) { own(r)["archiving"] = "nowhere"; }}},
      {"hba", {Warning, [](auto& r) { own(r)["hba_trust"] = json::array{"host all all 0.0.0.0/0 trust"}; }}},
      {"same-settings", {Notice, [](auto& r) { own(r)["use_slots"] = false; }}},
      {"log-level", {Notice, [](auto& r) { own(r)["log_level"] = "DEBUG"; }}},
  };
  return all;
}

Severity worst(const CheckResult& result) {
  Severity out = Severity::Ok;
  for (const Finding& one : result.findings) out = std::max(out, one.severity);
  return out;
}

TEST(DoctorChecks, find_nothing_in_a_healthy_cluster) {
  const ClusterReport r = healthy();
  for (const DoctorCheck& check : doctor_checks()) {
    const CheckResult result = check.look(r);
    EXPECT_TRUE(result.findings.empty()) << check.id << ": " << result.findings[0].text;
    const bool may_skip = check.id == "history";
    EXPECT_TRUE(result.skipped.empty() || may_skip) << check.id << ": " << result.skipped;
  }
}

TEST(DoctorChecks, each_fires_on_its_case) {
  for (const auto& [id, one] : cases()) {
    const auto& all = doctor_checks();
    const auto check = std::find_if(all.begin(), all.end(), [&](const DoctorCheck& c) { return c.id == id; });
    ASSERT_NE(check, all.end()) << id;
    ClusterReport r = healthy();
    one.damage(r);
    EXPECT_EQ(worst(check->look(r)), one.severity) << id;
  }
  for (const DoctorCheck& check : doctor_checks()) EXPECT_TRUE(cases().contains(std::string(check.id))) << check.id;
  EXPECT_GE(doctor_checks().size(), 25u);
}

TEST(DoctorChecks, a_standby_streams_when_it_says_so_itself_or_its_key_does) {
  ClusterReport r = healthy();
  r.view.members[1].replication_state.clear();
  const auto& all = doctor_checks();
  const auto check = std::find_if(all.begin(), all.end(), [](const DoctorCheck& c) { return c.id == "streaming"; });
  EXPECT_EQ(check->look(r).findings.size(), 1u);
  status(r)["replication_state"] = "streaming";
  EXPECT_TRUE(check->look(r).findings.empty());
}

TEST(DoctorChecks, say_why_they_cannot_look) {
  ClusterReport r = healthy();
  for (MemberReport& m : r.members) {
    m.status.reset();
    m.own.reset();
    m.clock_ahead.reset();
  }
  r.settings.store.clear();
  r.view.history.reset();
  int skipped = 0;
  for (const DoctorCheck& check : doctor_checks()) {
    const CheckResult result = check.look(r);
    if (result.skipped.empty()) continue;
    ++skipped;
    EXPECT_TRUE(result.findings.empty()) << check.id;
  }
  EXPECT_EQ(skipped, 22);
}

std::string table() {
  std::string out = "| id | looks whether | otherwise |\n|---|---|---|\n";
  for (const DoctorCheck& check : doctor_checks()) {
    out += fmt::format("| `{}` | {} | {} |\n", check.id, check.about, check.advice);
  }
  return out;
}

TEST(DoctorDocs, list_every_check) {
  const std::string path = (std::filesystem::path(TAMADA_SOURCE_DIR) / "docs" / "doctor.md").string();
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  const std::string mark = "<!-- made from the table of checks; TAMADA_REGENERATE=1 unit_ctl rewrites it -->\n";
  const std::size_t at = text.str().find(mark);
  ASSERT_NE(at, std::string::npos);
  const std::string introduction = text.str().substr(0, at + mark.size());
  if (std::getenv("TAMADA_REGENERATE") != nullptr) {
    std::ofstream(path) << introduction << table();
    GTEST_SKIP() << "written";
  }
  EXPECT_TRUE(text.str() == introduction + table()) << "docs/doctor.md is not up to date";
}

TEST(Doctor, ends_as_plugins_of_nagios_do) {
  const std::string status_url = "GET http://127.0.0.1:8000/patroni";
  Bench bench;
  bench.store.view = three_members();
  for (int i = 0; i < 3; ++i) {
    bench.http.answers[fmt::format("GET http://127.0.0.1:800{}/patroni", i)] = {200, kStatus, {}};
    bench.http.answers[fmt::format("GET http://127.0.0.1:800{}/explain", i)] = {
        200, std::string(R"({"rule":"x","self":)") + kSelf + "}", {{"date", "Mon, 23 Nov 2026 00:00:00 GMT"}}};
  }
  EXPECT_EQ(bench.run({"doctor", "--skip", "store-seen"}), 0) << bench.console.shown;
  EXPECT_NE(bench.console.shown.find("skipped: The store runs on more than one host [store-hosts], because "),
            std::string::npos)
      << bench.console.shown;
  bench.http.answers.erase(status_url);
  bench.console.shown.clear();
  EXPECT_EQ(bench.run({"doctor", "--skip", "store-seen"}), 1);
  EXPECT_NE(bench.console.shown.find("warning: Every member's REST API answers [reachable]\n  postgresql0: "),
            std::string::npos)
      << bench.console.shown;
  bench.store.view.leader.reset();
  bench.console.shown.clear();
  EXPECT_EQ(bench.run({"doctor", "-f", "json"}), 2);
  EXPECT_NE(bench.console.shown.find(R"({"id": "leader", "level": "critical")"), std::string::npos);
  EXPECT_EQ(bench.run({"doctor", "--skip", "nonsense"}), 3);
  bench.store.view.members.clear();
  EXPECT_EQ(bench.run({"doctor"}), 3);
}

}  // namespace
}  // namespace tamada::ctl
