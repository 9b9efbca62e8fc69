#include <gtest/gtest.h>

#include <clocale>

#include "ctl/cluster_table.h"
#include "ctl/text_table.h"
#include "support.h"

namespace tamada::ctl {
namespace {

TEST(TextTable, wide_characters_take_two_columns_and_marks_none) {
  if (std::setlocale(LC_CTYPE, "C.UTF-8") == nullptr) GTEST_SKIP() << "no UTF-8 locale here";
  EXPECT_EQ(display_width("ab"), 2U);
  EXPECT_EQ(display_width("თბილისი"), 7U);
  EXPECT_EQ(display_width("日本"), 4U);
  EXPECT_EQ(display_width("e\xcc\x81"), 1U);
  EXPECT_EQ(display_width("\xff"), 1U);
}

TEST(TextTable, the_title_is_cut_where_the_border_ends) {
  TextTable table{{{"A"}}, {{"1"}}, " Cluster: a-very-long-name "};
  EXPECT_EQ(render(table),
            "+ Cl+\n"
            "| A |\n"
            "+---+\n"
            "| 1 |\n"
            "+---+\n");
}

TEST(MemberTable, is_laid_out_as_4_1_does_it) {
  ClusterView view = three_members();
  view.sync = parse_sync(R"({"leader":"postgresql0","quorum":0,"sync_standby":"postgresql1"})");
  view.config->value["synchronous_mode"] = true;
  view.members[2].tags.raw = {{"nofailover", true}, {"mytag", "foo"}};
  EXPECT_EQ(
      format_members("batman", view, {}, Compatibility::V4_1),
      R"(+ Cluster: batman (7711230260053689444) ------+-----------+----+-------------+-----+------------+-----+------------------+
| Member      | Host           | Role         | State     | TL | Receive LSN | Lag | Replay LSN | Lag | Tags             |
+-------------+----------------+--------------+-----------+----+-------------+-----+------------+-----+------------------+
| postgresql0 | 127.0.0.1:5550 | Leader       | running   |  2 |             |     |            |     |                  |
+-------------+----------------+--------------+-----------+----+-------------+-----+------------+-----+------------------+
| postgresql1 | 127.0.0.1:5551 | Sync Standby | streaming |  2 |   0/4048C50 |   0 |  0/4048C50 |   0 |                  |
+-------------+----------------+--------------+-----------+----+-------------+-----+------------+-----+------------------+
| postgresql2 | 127.0.0.1:5552 | Replica      | streaming |  2 |   0/4048C50 |   0 |  0/4048C50 |   0 | mytag: foo       |
|             |                |              |           |    |             |     |            |     | nofailover: true |
+-------------+----------------+--------------+-----------+----+-------------+-----+------------+-----+------------------+
)");
}

TEST(MemberTable, of_an_unknown_cluster_is_empty_and_says_so) {
  EXPECT_EQ(format_members("nope", {}, {}, Compatibility::V4_1),
            R"(+ Cluster: nope (uninitialized) ----+-------------+-----+------------+-----+
| Member | Host | Role | State | TL | Receive LSN | Lag | Replay LSN | Lag |
+--------+------+------+-------+----+-------------+-----+------------+-----+
+--------+------+------+-------+----+-------------+-----+------------+-----+
)");
}

ClusterView one_stopping(std::string_view leader_position) {
  ClusterView view;
  const auto add = [&view](std::string name, std::string_view value) {
    view.members.push_back(parse_member(name, value));
  };
  add("postgresql0", R"({"conn_url":"postgres://127.0.0.1:5530/postgres","state":"stopping","role":"replica"})");
  add("postgresql1",
      R"({"conn_url":"postgres://127.0.0.1:5531/postgres","state":"running","role":"master","xlog_location":)" +
          std::string(leader_position) + R"(,"timeline":1})");
  add("postgresql2",
      R"({"conn_url":"postgres://127.0.0.1:5532/postgres","state":"running","role":"replica","xlog_location":100,"timeline":1})");
  view.leader = LeaderEntry{{"postgresql1", 1, "s"}, 1};
  view.status = parse_status("100");
  return view;
}

TEST(MemberTable, is_laid_out_as_3_0_does_it) {
  EXPECT_EQ(format_members("batman", one_stopping("100"), {}, Compatibility::V3_0),
            R"(+ Cluster: batman -------------+---------+----------+----+-----------+
| Member      | Host           | Role    | State    | TL | Lag in MB |
+-------------+----------------+---------+----------+----+-----------+
| postgresql0 | 127.0.0.1:5530 | Replica | stopping |    |   unknown |
| postgresql1 | 127.0.0.1:5531 | Leader  | running  |  1 |           |
| postgresql2 | 127.0.0.1:5532 | Replica | running  |  1 |         0 |
+-------------+----------------+---------+----------+----+-----------+
)");
}

TEST(MemberTable, is_laid_out_as_1_5_does_it) {
  ClusterView view = one_stopping("100");
  view.members[0] = view.members[2];
  view.members[0].name = "postgresql0";
  view.members[1].pending_restart = view.members[2].pending_restart = true;
  view.sync = parse_sync(R"({"leader":"postgresql1","sync_standby":"postgresql0"})");
  view.config = ConfigDocument{{{"synchronous_mode", true}}, 1};
  EXPECT_EQ(format_members("batman", view, {}, Compatibility::V1_5),
            R"(+---------+-------------+-----------+--------------+---------+-----------+-----------------+
| Cluster |    Member   |    Host   |     Role     |  State  | Lag in MB | Pending restart |
+---------+-------------+-----------+--------------+---------+-----------+-----------------+
|  batman | postgresql0 | 127.0.0.1 | Sync standby | running |         0 |                 |
|  batman | postgresql1 | 127.0.0.1 |    Leader    | running |         0 |        *        |
|  batman | postgresql2 | 127.0.0.1 |              | running |         0 |        *        |
+---------+-------------+-----------+--------------+---------+-----------+-----------------+
)");
}

TEST(MemberTable, has_1_5s_machine_formats_with_their_blank_line_and_all_columns) {
  ClusterView view = one_stopping("100");
  view.members.pop_back();
  EXPECT_EQ(format_members("batman", view, {OutputFormat::Tsv}, Compatibility::V1_5),
            "Cluster\tMember\tHost\tRole\tState\tLag in MB\n\n"
            "batman\tpostgresql0\t127.0.0.1\t\tstopping\tunknown\n"
            "batman\tpostgresql1\t127.0.0.1\tLeader\trunning\t0\n");
  EXPECT_EQ(
      format_members("batman", view, {OutputFormat::Json}, Compatibility::V1_5),
      R"([{"Cluster": "batman", "Member": "postgresql0", "Host": "127.0.0.1", "Role": "", "State": "stopping", "Lag in MB": "unknown"}, {"Cluster": "batman", "Member": "postgresql1", "Host": "127.0.0.1", "Role": "Leader", "State": "running", "Lag in MB": 0}])"
      "\n");
}

TEST(MemberTable, leaves_empty_columns_out_of_json_and_names_both_lags) {
  ClusterView view = three_members();
  view.members.pop_back();
  EXPECT_EQ(
      format_members("batman", view, {OutputFormat::Json}, Compatibility::V4_1),
      R"([{"Cluster": "batman", "Member": "postgresql0", "Host": "127.0.0.1:5550", "Role": "Leader", "State": "running", "TL": 2}, {"Cluster": "batman", "Member": "postgresql1", "Host": "127.0.0.1:5551", "Role": "Replica", "State": "streaming", "TL": 2, "Receive LSN": "0/4048C50", "Receive Lag": 0, "Replay LSN": "0/4048C50", "Replay Lag": 0}])"
      "\n");
  EXPECT_EQ(format_members("batman", view, {OutputFormat::Tsv}, Compatibility::V4_1),
            "Cluster\tMember\tHost\tRole\tState\tTL\tReceive LSN\tReceive Lag\tReplay LSN\tReplay Lag\n"
            "batman\tpostgresql0\t127.0.0.1:5550\tLeader\trunning\t2\t\t\t\t\n"
            "batman\tpostgresql1\t127.0.0.1:5551\tReplica\tstreaming\t2\t0/4048C50\t0\t0/4048C50\t0\n");
}

TEST(MemberTable, of_3_0_as_yaml_has_sorted_keys_and_a_blank_line) {
  ClusterView view = one_stopping("100");
  view.members.erase(view.members.begin());
  view.members[0].pending_restart = true;
  view.members[1].tags.raw = {{"nofailover", true}, {"anum", 5}};
  EXPECT_EQ(format_members("batman", view, {OutputFormat::Yaml}, Compatibility::V3_0),
            R"(- Cluster: batman
  Host: 127.0.0.1:5531
  Member: postgresql1
  Pending restart: '*'
  Role: Leader
  State: running
  TL: 1
- Cluster: batman
  Host: 127.0.0.1:5532
  Lag in MB: 0
  Member: postgresql2
  Role: Replica
  State: running
  TL: 1
  Tags:
    anum: 5
    nofailover: true

)");
}

TEST(MemberTable, shows_a_member_of_an_older_agent_in_the_column_that_fits_its_one_position) {
  ClusterView view = one_stopping("100");
  view.members[2].replication_state = "streaming";
  const std::string text = format_members("b", view, {OutputFormat::Tsv}, Compatibility::V4_1);
  EXPECT_NE(text.find("postgresql2\t127.0.0.1:5532\tReplica\tstreaming\t1\t0/64\t0\tunknown\t\n"), std::string::npos)
      << text;
}

TEST(MemberTable, hides_long_reasons_in_pretty_form_only) {
  ClusterView view = three_members();
  view.members[0].pending_restart = true;
  view.members[0].pending_restart_reason = {
      {"max_connections", json::object{{"old_value", "100"}, {"new_value", "120"}}},
      {"shared_preload_libraries", json::object{{"old_value", ""}, {"new_value", std::string(60, 'x')}}}};
  const std::string pretty = format_members("b", view, {}, Compatibility::V4_1);
  EXPECT_NE(pretty.find("| max_connections: 100->120 "), std::string::npos) << pretty;
  EXPECT_NE(pretty.find("| shared_preload_libraries: [hidden - too long] |"), std::string::npos) << pretty;
  const std::string tsv = format_members("b", view, {OutputFormat::Tsv}, Compatibility::V4_1);
  EXPECT_NE(tsv.find(std::string(60, 'x')), std::string::npos);
}

TEST(MemberTable, shows_one_lag_as_rounded_megabytes_ties_to_even) {
  ClusterView view = one_stopping("0");
  view.status->optime = Lsn{100 + 1024 * 1024 / 2};
  EXPECT_NE(format_members("b", view, {OutputFormat::Tsv}, Compatibility::V3_0).find("running\t1\t0\n"),
            std::string::npos);
  view.status->optime = Lsn{100 + 1024 * 1024 * 3 / 2};
  EXPECT_NE(format_members("b", view, {OutputFormat::Tsv}, Compatibility::V3_0).find("running\t1\t2\n"),
            std::string::npos);
}

TEST(MemberTable, leaves_ports_away_while_all_are_the_default_and_no_host_is_shared) {
  ClusterView view = three_members();
  for (int i = 0; i < 3; ++i) view.members[i].conn_url = "postgres://10.0.0." + std::to_string(i) + "/postgres";
  EXPECT_NE(format_members("b", view, {}, Compatibility::V4_1).find("| 10.0.0.1 |"), std::string::npos);
  view.members[2].conn_url = "postgres://10.0.0.1/postgres";
  EXPECT_NE(format_members("b", view, {}, Compatibility::V4_1).find("| 10.0.0.1:5432 |"), std::string::npos);
}

TEST(Topology, puts_members_below_whom_they_follow_and_loses_nobody_in_a_circle) {
  ClusterView view = three_members();
  view.members[2].tags.raw = {{"replicatefrom", "postgresql1"}};
  ListOptions tree;
  tree.tree = true;
  const std::string text = format_members("batman", view, tree, Compatibility::V3_0);
  EXPECT_NE(text.find("| postgresql0     |"), std::string::npos) << text;
  EXPECT_NE(text.find("| + postgresql1   |"), std::string::npos) << text;
  EXPECT_NE(text.find("|   + postgresql2 |"), std::string::npos) << text;
  EXPECT_NE(text.find("{replicatefrom: postgresql1}"), std::string::npos) << text;
  view.members[1].tags.raw = {{"replicatefrom", "postgresql2"}};
  const std::string circle = format_members("batman", view, tree, Compatibility::V3_0);
  EXPECT_NE(circle.find("postgresql1 "), std::string::npos);
  EXPECT_NE(circle.find("postgresql2 "), std::string::npos);
}

TEST(Footer, tells_of_maintenance_mode_and_of_a_scheduled_switchover) {
  ClusterView view = three_members();
  EXPECT_EQ(format_footer(view), "");
  view.config->value["pause"] = true;
  view.failover =
      parse_failover(R"({"leader":"postgresql1","member":"postgresql2","scheduled_at":"2027-01-01T12:00:00+02:00"})");
  EXPECT_EQ(format_footer(view),
            " Maintenance mode: on\n"
            " Switchover scheduled at: 2027-01-01T12:00:00+02:00\n"
            "                    from: postgresql1\n"
            "                      to: postgresql2\n");
}

TEST(HistoryTable, pads_short_lines_and_aligns_numbers_to_the_right) {
  ClusterView view;
  view.history = parse_history(
      R"([[1,67406144,"no recovery target specified"],[2,67407376,"no recovery target specified","2026-11-23T05:28:39.229846+00:00","postgresql1"]])");
  EXPECT_EQ(format_history_table(view, OutputFormat::Pretty, Compatibility::V4_1),
            R"(+----+----------+------------------------------+----------------------------------+-------------+
| TL |      LSN | Reason                       | Timestamp                        | New Leader  |
+----+----------+------------------------------+----------------------------------+-------------+
|  1 | 67406144 | no recovery target specified |                                  |             |
|  2 | 67407376 | no recovery target specified | 2026-11-23T05:28:39.229846+00:00 | postgresql1 |
+----+----------+------------------------------+----------------------------------+-------------+
)");
  view.history->lines.erase(view.history->lines.begin());
  EXPECT_EQ(
      format_history_table(view, OutputFormat::Json, Compatibility::V4_1),
      R"([{"TL": 2, "LSN": 67407376, "Reason": "no recovery target specified", "Timestamp": "2026-11-23T05:28:39.229846+00:00", "New Leader": "postgresql1"}])"
      "\n");
  EXPECT_EQ(format_history_table({}, OutputFormat::Yaml, Compatibility::V3_0), "[]\n\n");
}

}  // namespace
}  // namespace tamada::ctl
