#include "postgres/version_table.h"

#include <gtest/gtest.h>

namespace tamada {
namespace {

TEST(PgVersionText, is_read_in_all_its_forms) {
  EXPECT_EQ(parse_pg_version("9.6\n"), 90600);
  EXPECT_EQ(parse_pg_version("9.3.25"), 90300);
  EXPECT_EQ(parse_pg_version("15\n"), 150000);
  EXPECT_EQ(parse_pg_version("15.4"), 150000);
  EXPECT_EQ(parse_pg_version("18beta1"), 180000);
  for (const char* text : {"", "x", "0", "-1", ".6", "99999999999"}) EXPECT_EQ(parse_pg_version(text), 0) << text;
  EXPECT_EQ(format_pg_version(90600), "9.6");
  EXPECT_EQ(format_pg_version(150020), "15");
}

TEST(PgVersionTable, an_unknown_version_is_served_as_the_newest) {
  EXPECT_EQ(pg_version(0).number, 180000);
  EXPECT_EQ(pg_version(190000).number, 180000);
  EXPECT_EQ(pg_version(90624).number, 90600);
  EXPECT_EQ(pg_version(80400).number, 90300);
}

TEST(PgVersionTable, the_functions_changed_their_names_in_10) {
  EXPECT_EQ(pg_version(90300).current_lsn, "pg_current_xlog_location");
  EXPECT_EQ(pg_version(90600).current_lsn, "pg_current_xlog_flush_location");
  EXPECT_EQ(pg_version(100000).current_lsn, "pg_current_wal_flush_lsn");
  EXPECT_EQ(pg_version(90600).wal_directory, "pg_xlog");
  EXPECT_EQ(pg_version(120000).receiver_lsn_column, "received_lsn");
  EXPECT_EQ(pg_version(130000).receiver_lsn_column, "written_lsn");
}

TEST(PgVersionTable, recovery_settings_became_parameters_in_12) {
  EXPECT_TRUE(pg_version(110000).recovery_conf);
  EXPECT_FALSE(pg_version(120000).recovery_conf);
  EXPECT_EQ(trigger_file_guc(110000), "trigger_file");
  EXPECT_EQ(trigger_file_guc(150000), "promote_trigger_file");
  EXPECT_EQ(trigger_file_guc(160000), "");
  EXPECT_FALSE(guc_exists(150000, "standby_mode"));
  EXPECT_TRUE(guc_exists(110000, "standby_mode"));
  EXPECT_FALSE(guc_exists(90400, "recovery_target_action"));
  EXPECT_FALSE(guc_exists(90600, "recovery_target_lsn"));
}

TEST(PgVersionTable, a_changed_recovery_setting_needs_a_restart_by_version) {
  struct Row {
    const char* name;
    bool in_11, in_12, in_13, in_14;
  };
  for (const Row& row :
       {Row{"primary_conninfo", true, true, false, false}, Row{"primary_slot_name", true, true, false, false},
        Row{"restore_command", true, true, true, false}, Row{"recovery_min_apply_delay", true, false, false, false},
        Row{"archive_cleanup_command", true, false, false, false},
        Row{"recovery_target_timeline", true, true, true, true}}) {
    EXPECT_EQ(recovery_guc_needs_restart(110000, row.name), row.in_11) << row.name;
    EXPECT_EQ(recovery_guc_needs_restart(120000, row.name), row.in_12) << row.name;
    EXPECT_EQ(recovery_guc_needs_restart(130000, row.name), row.in_13) << row.name;
    EXPECT_EQ(recovery_guc_needs_restart(140000, row.name), row.in_14) << row.name;
  }
}

TEST(PgVersionTable, parameters_are_known_to_their_versions) {
  EXPECT_FALSE(guc_exists(90400, "cluster_name"));
  EXPECT_TRUE(guc_exists(90500, "cluster_name"));
  EXPECT_TRUE(guc_exists(120000, "wal_keep_segments"));
  EXPECT_FALSE(guc_exists(130000, "Wal_Keep_Segments"));
  EXPECT_TRUE(guc_exists(0, "wal_keep_segments"));
  EXPECT_TRUE(guc_exists(90300, "anything_else"));
  EXPECT_FALSE(standby_minimum_applies(110000, "max_wal_senders"));
  EXPECT_TRUE(standby_minimum_applies(120000, "max_wal_senders"));
}

}  // namespace
}  // namespace tamada
