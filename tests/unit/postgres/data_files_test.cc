#include "postgres/data_files.h"

#include <filesystem>
#include <fstream>
#include <set>

#include <gtest/gtest.h>

namespace tamada {
namespace {

namespace fs = std::filesystem;

class DataFiles : public testing::Test {
 protected:
  DataFiles() {
    std::string pattern = (fs::temp_directory_path() / "tamada-files-XXXXXX").string();
    top = ::mkdtemp(pattern.data());
    data = top / "data";
    write(data / "PG_VERSION", "15\n");
    write(data / "global/pg_control", "x");
    fs::create_directories(data / "pg_tblspc");
  }
  ~DataFiles() override { fs::remove_all(top); }

  static void write(const fs::path& path, const std::string& text) {
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  void link_wal_and_tablespace() {
    write(top / "wal/000000010000000000000001", "w");
    fs::create_directory_symlink(top / "wal", data / "pg_wal");
    write(top / "space/PG_15_202209061/1", "t");
    write(top / "space/PG_14_202107181/1", "another cluster's");
    fs::create_directory_symlink(top / "space", data / "pg_tblspc/16384");
  }

  fs::path top, data;
  std::atomic<bool> abandoned{false};
};

TEST_F(DataFiles, removing_takes_along_what_is_behind_the_links_but_not_another_versions_tablespace) {
  link_wal_and_tablespace();
  auto removed = remove_data_directory(data.string(), abandoned);
  ASSERT_TRUE(removed) << removed.error().text();
  EXPECT_TRUE(fs::is_empty(data));
  EXPECT_TRUE(fs::is_empty(top / "wal"));
  EXPECT_FALSE(fs::exists(top / "space/PG_15_202209061"));
  EXPECT_TRUE(fs::exists(top / "space/PG_14_202107181/1"));
}

TEST_F(DataFiles, a_link_to_somewhere_impossible_stops_the_removal_before_it_begins) {
  fs::create_directory_symlink(top, data / "pg_wal");
  auto removed = remove_data_directory(data.string(), abandoned);
  ASSERT_FALSE(removed);
  EXPECT_EQ(removed.error().code, ErrorCode::Conflict);
  EXPECT_TRUE(fs::exists(data / "global/pg_control"));
}

TEST_F(DataFiles, an_abandoned_removal_stops_and_leaves_nothing_that_can_be_started) {
  abandoned = true;
  auto removed = remove_data_directory(data.string(), abandoned);
  ASSERT_FALSE(removed);
  EXPECT_EQ(removed.error().code, ErrorCode::Cancelled);
  EXPECT_FALSE(fs::exists(data / "global/pg_control"));
}

TEST_F(DataFiles, paths_that_cannot_be_a_data_directory_are_refused) {
  for (const char* path : {"", "/", "//", "data", "/x/.."})
    EXPECT_FALSE(remove_data_directory(path, abandoned)) << path;
  EXPECT_TRUE(remove_data_directory((top / "missing").string(), abandoned));
}

TEST_F(DataFiles, moving_aside_renames_the_linked_directories_too_and_replaces_an_older_one) {
  link_wal_and_tablespace();
  write(top / "data.failed/old", "x");
  auto moved = move_data_directory(data.string() + "/", ".failed");
  ASSERT_TRUE(moved) << moved.error().text();
  EXPECT_EQ(*moved, data.string() + ".failed");
  EXPECT_FALSE(fs::exists(data));
  EXPECT_FALSE(fs::exists(top / "data.failed/old"));
  EXPECT_EQ(fs::read_symlink(top / "data.failed/pg_wal"), top / "wal.failed");
  EXPECT_TRUE(fs::exists(top / "data.failed/pg_wal/000000010000000000000001"));
  EXPECT_TRUE(fs::exists(top / "data.failed/pg_tblspc/16384/PG_15_202209061/1"));
  EXPECT_FALSE(fs::exists(top / "wal"));
}

TEST_F(DataFiles, there_is_nothing_to_move_when_the_directory_is_empty_or_missing) {
  EXPECT_EQ(*move_data_directory((top / "missing").string(), ".failed"), "");
  fs::create_directories(top / "empty/lost+found");
  EXPECT_EQ(*move_data_directory((top / "empty").string(), ".failed"), "");
}

TEST_F(DataFiles, only_postgresql_12_and_newer_is_marked_as_standby_by_a_file) {
  ASSERT_TRUE(mark_as_standby(data.string()));
  EXPECT_TRUE(fs::exists(data / "standby.signal"));
  fs::remove(data / "standby.signal");
  write(data / "PG_VERSION", "9.6\n");
  ASSERT_TRUE(mark_as_standby(data.string()));
  EXPECT_FALSE(fs::exists(data / "standby.signal"));
}

TEST_F(DataFiles, history_files_that_nobody_archived_are_left_to_the_archiver) {
  for (const char* name : {"00000002.history", "00000003.history", "00000004.history", "000000040000000000000001",
                           "0000000400000000000000AB.history", "notes.history"}) {
    write(data / "pg_wal" / name, "1\t0/3000000\tno recovery target specified\n");
  }
  const fs::path status = data / "pg_wal/archive_status";
  write(status / "00000002.history.done", "");
  write(status / "00000003.history.ready", "");
  ASSERT_TRUE(hand_over_history_files(data.string()));
  std::set<std::string> found;
  for (const auto& entry : fs::directory_iterator(status)) found.insert(entry.path().filename());
  EXPECT_EQ(found,
            (std::set<std::string>{"00000002.history.done", "00000003.history.ready", "00000004.history.ready"}));
  fs::remove_all(data / "pg_wal");
  EXPECT_FALSE(hand_over_history_files(data.string()));
}

TEST_F(DataFiles, the_oldest_wal_is_told_by_the_names_of_the_segments) {
  fs::create_directories(data / "pg_wal");
  EXPECT_FALSE(oldest_wal(data)->known());
  const std::string megabyte(1 << 20, '\0');
  for (const char* name : {"000000020000000100000003", "000000010000000100000002", "00000002.history"}) {
    write(data / "pg_wal" / name, megabyte);
  }
  EXPECT_EQ(*oldest_wal(data), (Lsn{0x100000000 + (2 << 20)}));
  EXPECT_FALSE(oldest_wal(top / "absent"));
}

TEST_F(DataFiles, the_timeline_of_a_position_is_that_of_the_newest_segment_with_the_wal_before_it) {
  fs::create_directories(data / "pg_wal");
  EXPECT_FALSE(wal_timeline(data, Lsn{1})->known());
  const std::string megabyte(1 << 20, '\0');
  for (const char* name : {"000000060000000000000002", "0000000A0000000000000002", "000000060000000000000003",
                           "0000000B.history", "0000000C0000000000000004"}) {
    write(data / "pg_wal" / name, megabyte);
  }
  const auto at = [&](std::uint64_t position) { return wal_timeline(data, Lsn{position})->id; };
  EXPECT_EQ(at((2 << 20) + 1), 10u);
  EXPECT_EQ(at(3 << 20), 10u) << "the end of a segment";
  EXPECT_EQ(at((3 << 20) + 1), 6u) << "of the next timeline only segments before and after are there";
  EXPECT_EQ(at(1 << 20), 0u);
  EXPECT_FALSE(wal_timeline(top / "absent", Lsn{1}));
}

}  // namespace
}  // namespace tamada
