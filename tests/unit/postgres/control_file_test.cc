#include "postgres/control_file.h"

#include <gtest/gtest.h>

#include <cstring>

#include "host/files.h"
#include "postgres/crc32c.h"
#include "postgres/data_directory.h"
#include "support/real_postgres.h"
#include "support/temporary_directory.h"

namespace tamada {
namespace {

template <class T>
void put(std::string& bytes, std::size_t offset, T value) {
  std::memcpy(bytes.data() + offset, &value, sizeof value);
}

// A file as a server of the layout writes it.
std::string control_bytes(std::uint32_t version, std::size_t crc_offset) {
  std::string bytes(8192, '\0');
  put<std::uint64_t>(bytes, 0, 7000000000000000001ULL);
  put<std::uint32_t>(bytes, 8, version);
  put<std::uint32_t>(bytes, 16, 6);
  put<std::uint64_t>(bytes, 32, 0x3000028);
  put<std::uint64_t>(bytes, 40, 0x3000000);
  put<std::uint32_t>(bytes, 48, 5);
  put<std::uint64_t>(bytes, 136, 0x4000000);
  put<std::uint32_t>(bytes, 144, 4);
  put<std::uint8_t>(bytes, 176, 1);
  put<std::int32_t>(bytes, 180, 100);
  put<std::int32_t>(bytes, 184, 8);
  put<std::int32_t>(bytes, 188, 10);
  put<std::int32_t>(bytes, 192, 2);
  put<std::int32_t>(bytes, 196, 64);
  put<std::uint32_t>(bytes, 252, 1);
  put<std::uint32_t>(bytes, crc_offset, crc32c(bytes.substr(0, crc_offset)));
  return bytes;
}

TEST(Crc32c, gives_the_published_check_value) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283u);
}

TEST(ControlFile, is_read_in_every_known_layout) {
  for (auto [version, crc] : {std::pair{1300u, 288u}, {1700u, 288u}, {1800u, 292u}}) {
    auto data = parse_control_file(control_bytes(version, crc));
    ASSERT_TRUE(data) << data.error().text();
    EXPECT_EQ(data->system_identifier, "7000000000000000001");
    EXPECT_EQ(data->state, ControlState::InProduction);
    EXPECT_EQ(data->timeline.id, 5u);
    EXPECT_EQ(data->checkpoint.bytes, 0x3000028u);
    EXPECT_EQ(data->min_recovery_timeline.id, 4u);
    EXPECT_TRUE(data->wal_log_hints);
    EXPECT_TRUE(data->data_checksums);
    EXPECT_EQ(data->max_wal_senders, 10);
    EXPECT_EQ(data->pg_control_version, static_cast<int>(version));
  }
}

TEST(ControlFile, a_flipped_bit_or_a_short_file_is_never_believed) {
  std::string bytes = control_bytes(1300, 288);
  bytes[20] ^= 1;
  EXPECT_EQ(parse_control_file(bytes).error().code, ErrorCode::Invalid);
  for (std::size_t size : {0u, 8u, 11u, 100u, 291u})
    EXPECT_EQ(parse_control_file(control_bytes(1300, 288).substr(0, size)).error().code, ErrorCode::Invalid) << size;
  EXPECT_EQ(parse_control_file(control_bytes(1201, 288)).error().code, ErrorCode::Unsupported);
}

TEST(PgControldata, is_read_with_the_names_of_old_and_new_versions) {
  auto data = parse_pg_controldata(
      "pg_control version number:            937\n"
      "Database system identifier:           6123456789012345678\n"
      "Database cluster state:               shut down in recovery\n"
      "Latest checkpoint location:           0/3000060\n"
      "Latest checkpoint's REDO location:    0/3000028\n"
      "Latest checkpoint's TimeLineID:       2\n"
      "Minimum recovery ending location:     0/30000D0\n"
      "Min recovery ending loc's timeline:   2\n"
      "Current wal_log_hints setting:        on\n"
      "Current max_connections setting:      100\n"
      "Current max_worker_processes setting: 8\n"
      "Current max_prepared_xacts setting:   3\n"
      "Current max_locks_per_xact setting:   64\n"
      "Data page checksum version:           0\n");
  ASSERT_TRUE(data);
  EXPECT_EQ(data->state, ControlState::ShutDownInRecovery);
  EXPECT_EQ(data->min_recovery_end.bytes, 0x30000D0u);
  EXPECT_TRUE(data->wal_log_hints);
  EXPECT_FALSE(data->data_checksums);
  EXPECT_EQ(data->max_prepared_xacts, 3);
}

TEST(PgControldata, lines_without_a_colon_are_shown_as_the_cause) {
  auto data = parse_pg_controldata("pg_controldata - the file is not there\nreally\n");
  ASSERT_FALSE(data);
  EXPECT_EQ(data.error().message,
            "pg_controldata printed no control data: pg_controldata - the file is not there really");
  EXPECT_FALSE(parse_pg_controldata(""));
  EXPECT_EQ(parse_pg_controldata("Database system identifier: 1\nDatabase cluster state: dancing\n")->state,
            ControlState::Unknown);
}

TEST(ControlFile, agrees_with_pg_controldata_about_a_real_cluster) {
  if (!testing::real_postgres_available()) GTEST_SKIP() << "no PostgreSQL is installed";
  testing::TemporaryDirectory directory;
  testing::RealCluster cluster(directory.path(), 1);
  ASSERT_TRUE(cluster.create());
  auto ours = read_control_file(cluster.data_dir());
  ASSERT_TRUE(ours) << ours.error().text();
  ASSERT_EQ(std::system(("LC_ALL=C " + testing::postgres_bin_dir() + "/pg_controldata " + cluster.data_dir() + " > " +
                         directory.path() + "/out")
                            .c_str()),
            0);
  auto theirs = parse_pg_controldata(*read_file(directory / "out"));
  ASSERT_TRUE(theirs);
  EXPECT_EQ(ours->system_identifier, theirs->system_identifier);
  EXPECT_EQ(ours->state, theirs->state);
  EXPECT_EQ(ours->timeline, theirs->timeline);
  EXPECT_EQ(ours->checkpoint, theirs->checkpoint);
  EXPECT_EQ(ours->redo, theirs->redo);
  EXPECT_EQ(ours->min_recovery_end, theirs->min_recovery_end);
  EXPECT_EQ(ours->wal_log_hints, theirs->wal_log_hints);
  EXPECT_EQ(ours->data_checksums, theirs->data_checksums);
  EXPECT_EQ(ours->max_connections, theirs->max_connections);
  EXPECT_EQ(ours->max_worker_processes, theirs->max_worker_processes);
  EXPECT_EQ(ours->max_wal_senders, theirs->max_wal_senders);
  EXPECT_EQ(ours->max_locks_per_xact, theirs->max_locks_per_xact);
  EXPECT_EQ(ours->pg_control_version, theirs->pg_control_version);
}

}  // namespace
}  // namespace tamada
