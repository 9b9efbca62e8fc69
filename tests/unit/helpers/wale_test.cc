#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "helpers/wale_restore.h"

namespace tamada {
namespace {

constexpr const char* kNames =
    "name\tlast_modified\texpanded_size_bytes\twal_segment_backup_start\twal_segment_offset_backup_start\t"
    "wal_segment_backup_stop\twal_segment_offset_backup_stop\n";

std::string list(const std::string& rows) {
  return kNames + rows;
}

TEST(WaleBackupList, one_backup_with_an_iso_date) {
  auto backup = parse_wale_backup_list(
      list("base_000000010000000000000002_00000040\t2026-11-23T05:13:10.000Z\t32898238\t00000001000000030000007F\t"
           "00000255\t00000001000000030000007F\t00000336\r\n"));
  ASSERT_TRUE(backup) << backup.error().text();
  EXPECT_EQ(backup->name, "base_000000010000000000000002_00000040");
  EXPECT_EQ(backup->last_modified, "2026-11-23T05:13:10.000Z");
  EXPECT_EQ(backup->expanded_size_bytes, 32898238);
  // The last digit of the offset counts too: 255 is FF.
  EXPECT_EQ(*wale_start(*backup, 16 << 20), (Lsn{0x37F0000FF}));
}

TEST(WaleBackupList, columns_are_found_by_name) {
  auto backup = parse_wale_backup_list(
      "wal_segment_offset_backup_start\tx\tname\tlast_modified\twal_segment_backup_start\texpanded_size_bytes\n"
      "40\t\tb\td\t000000010000000000000002\t1\n");
  ASSERT_TRUE(backup) << backup.error().text();
  EXPECT_EQ(backup->start_offset, 40u);
}

TEST(WaleBackupList, none_several_and_nonsense_are_told_apart) {
  const std::string row = "b\td\t1\t000000010000000000000002\t40\t000000010000000000000002\t80\n";
  EXPECT_EQ(parse_wale_backup_list("").error().code, ErrorCode::NotFound);
  EXPECT_EQ(parse_wale_backup_list(list("")).error().code, ErrorCode::NotFound);
  EXPECT_EQ(parse_wale_backup_list(list(row + row)).error().code, ErrorCode::Conflict);
  EXPECT_TRUE(parse_wale_backup_list(list(row)));
  for (const char* bad :
       {"b\td\tmuch\t000000010000000000000002\t40\tx\ty\n", "b\td\t-1\t000000010000000000000002\t40\tx\ty\n",
        "b\td\t1\t2\t40\tx\ty\n", "b\td\t1\t000000010000000000000002\t\tx\ty\n", "b\n"}) {
    EXPECT_EQ(parse_wale_backup_list(list(bad)).error().code, ErrorCode::Protocol) << bad;
  }
}

TEST(WaleStart, depends_on_the_size_of_segments) {
  WaleBackup backup{.start_segment = "000000010000000000000003", .start_offset = 40};
  EXPECT_EQ(*wale_start(backup, 64 << 20), (Lsn{3 * (64u << 20) + 40}));
  EXPECT_FALSE(wale_start(backup, 12345));
  backup.start_offset = 17 << 20;
  EXPECT_FALSE(wale_start(backup, 16 << 20)) << "beyond its segment";
  backup = {.start_segment = "0000000100000000000000FF", .start_offset = 0};
  EXPECT_FALSE(wale_start(backup, 1u << 30)) << "there are four of 1 GB in each 4 GB";
}

TEST(WaleOptions, both_forms_defaults_and_what_belongs_to_others) {
  auto options = parse_wale_options({"--scope=demo", "--datadir", "/data", "--connstring=", "--envdir=/e",
                                     "--command=x", "--keep_data=True", "stray", "--role=replica"});
  ASSERT_TRUE(options) << options.error().text();
  EXPECT_EQ(options->datadir, "/data");
  EXPECT_EQ(options->retries, 1);
  EXPECT_EQ(options->threshold_megabytes, 10240);
  EXPECT_EQ(options->threshold_backup_size_percentage, 30);
  EXPECT_FALSE(options->use_iam || options->no_leader);
  options = parse_wale_options({"--scope=demo", "--datadir=/data", "--connstring=host=h user=u", "--envdir=/e",
                                "--retries=3", "--threshold_megabytes=1", "--threshold_backup_size_percentage=50",
                                "--use_iam=1", "--no_master=True"});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->connstring, "host=h user=u");
  EXPECT_TRUE(options->use_iam && options->no_leader && options->retries == 3);
  EXPECT_EQ(parse_wale_options({"--scope=demo"}).error().message,
            "the following arguments are required: --datadir, --connstring, --envdir");
  EXPECT_FALSE(parse_wale_options({"--scope=s", "--datadir=/d", "--connstring=", "--envdir=/e", "--retries=many"}));
}

TEST(WaleThresholds, both_must_hold) {
  WaleOptions options;
  const WaleBackup backup{.expanded_size_bytes = 1000};
  EXPECT_TRUE(wale_worth_it(options, backup, 299));
  EXPECT_FALSE(wale_worth_it(options, backup, 300));
  EXPECT_TRUE(wale_worth_it(options, backup, -5)) << "the source is behind the backup";
  options.threshold_megabytes = 0;
  EXPECT_FALSE(wale_worth_it(options, backup, 299));
  options.threshold_megabytes = std::numeric_limits<std::int64_t>::max();
  EXPECT_TRUE(wale_worth_it(options, backup, 0));
  EXPECT_FALSE(wale_worth_it(options, {.expanded_size_bytes = 0}, 0));
}

}  // namespace
}  // namespace tamada
