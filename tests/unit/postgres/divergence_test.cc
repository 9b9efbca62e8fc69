#include "postgres/divergence.h"

#include <gtest/gtest.h>

#include "postgres/timeline_history.h"

namespace tamada {
namespace {

using Verdict = TimelineComparison::Verdict;

LeaderHistory leader(std::uint32_t timeline, std::uint64_t position, std::vector<HistoryLine> history = {}) {
  return {Timeline{timeline}, Lsn{position}, std::move(history)};
}

HistoryLine fork(std::uint32_t timeline, std::uint64_t at) {
  HistoryLine line;
  line.timeline = Timeline{timeline};
  line.lsn = Lsn{at};
  return line;
}

LocalEnd standby(std::uint32_t timeline, std::uint64_t replayed, std::uint64_t received = 0) {
  return {Timeline{timeline}, Lsn{replayed}, false, Lsn{received}, {}};
}

LocalEnd primary(std::uint32_t timeline, std::uint64_t checkpoint, std::uint64_t end = 0) {
  return {Timeline{timeline}, Lsn{checkpoint}, true, {}, Lsn{end}};
}

TEST(Divergence, a_standby_may_follow_as_far_as_the_fork_and_no_byte_further) {
  auto two = leader(2, 9000, {fork(1, 5000)});
  EXPECT_EQ(compare_histories(standby(1, 4000), two).verdict, Verdict::Ancestor);
  EXPECT_EQ(compare_histories(standby(1, 5000), two).verdict, Verdict::Ancestor);
  EXPECT_EQ(compare_histories(standby(1, 5001), two).verdict, Verdict::Diverged);
}

TEST(Divergence, wal_that_is_received_but_not_replayed_beyond_the_fork_is_waited_for) {
  auto two = leader(2, 9000, {fork(1, 5000)});
  EXPECT_EQ(compare_histories(standby(1, 4000, 6000), two).verdict, Verdict::Unknown);
  EXPECT_EQ(compare_histories(standby(1, 4000, 5000), two).verdict, Verdict::Ancestor);
}

TEST(Divergence, a_former_primary_may_follow_only_when_its_checkpoint_record_ends_at_the_fork) {
  auto two = leader(2, 9000, {fork(1, 5000)});
  EXPECT_EQ(compare_histories(primary(1, 5000), two).verdict, Verdict::Diverged);
  EXPECT_EQ(compare_histories(primary(1, 6000), two).verdict, Verdict::Diverged);
  EXPECT_TRUE(needs_checkpoint_end(primary(1, 4880), two));
  EXPECT_EQ(compare_histories(primary(1, 4880), two).verdict, Verdict::Unknown);
  EXPECT_EQ(compare_histories(primary(1, 4880, 5000), two).verdict, Verdict::Ancestor);
  EXPECT_EQ(compare_histories(primary(1, 4880, 5008), two).verdict, Verdict::Diverged);
  EXPECT_EQ(compare_histories(primary(1, 4000, 4120), two).verdict, Verdict::Diverged);
  EXPECT_FALSE(needs_checkpoint_end(primary(1, 5000), two));
  EXPECT_FALSE(needs_checkpoint_end(standby(1, 4000), two));
  EXPECT_FALSE(needs_checkpoint_end(primary(2, 4000), two));
}

TEST(Divergence, timelines_are_compared_before_positions) {
  auto three = leader(3, 9000, {fork(1, 5000), fork(2, 7000)});
  EXPECT_EQ(compare_histories(standby(2, 6000), three).verdict, Verdict::Ancestor);
  EXPECT_EQ(compare_histories(standby(1, 6000), three).verdict, Verdict::Diverged);
  EXPECT_EQ(compare_histories(standby(4, 100), three).verdict, Verdict::Diverged);
  EXPECT_EQ(compare_histories(standby(3, 9000), three).verdict, Verdict::Same);
  // Promoted from 1 to 3 without 2: somebody else's timeline 2 is none of ours.
  EXPECT_EQ(compare_histories(standby(2, 100), leader(3, 9000, {fork(1, 5000)})).verdict, Verdict::Diverged);
  EXPECT_EQ(compare_histories(standby(2, 100), leader(1, 9000)).verdict, Verdict::Diverged);
}

TEST(Divergence, wal_beyond_the_leaders_end_of_the_same_timeline_is_of_another_origin) {
  EXPECT_EQ(compare_histories(standby(2, 9000), leader(2, 9000)).verdict, Verdict::Same);
  EXPECT_EQ(compare_histories(standby(2, 9001), leader(2, 9000)).verdict, Verdict::Diverged);
  EXPECT_EQ(compare_histories(standby(2, 100, 9001), leader(2, 9000)).verdict, Verdict::Diverged);
  EXPECT_EQ(compare_histories(primary(2, 9000), leader(2, 9000)).verdict, Verdict::Diverged);
  EXPECT_EQ(compare_histories(primary(2, 8880, 9000), leader(2, 9000)).verdict, Verdict::Same);
}

TEST(Divergence, what_is_not_known_is_never_a_no) {
  EXPECT_EQ(compare_histories(standby(0, 100), leader(2, 9000)).verdict, Verdict::Unknown);
  EXPECT_EQ(compare_histories(standby(1, 0), leader(2, 9000)).verdict, Verdict::Unknown);
  EXPECT_EQ(compare_histories(standby(1, 100), leader(0, 9000)).verdict, Verdict::Unknown);
}

ControlData control(ControlState state) {
  ControlData data;
  data.state = state;
  data.timeline = Timeline{3};
  data.checkpoint = Lsn{100};
  data.min_recovery_end = Lsn{200};
  data.min_recovery_timeline = Timeline{2};
  return data;
}

TEST(StoppedEnd, tells_former_primaries_from_standbys_and_crashes_from_clean_stops) {
  auto was_primary = stopped_end(control(ControlState::ShutDown));
  ASSERT_TRUE(was_primary.end);
  EXPECT_TRUE(was_primary.end->former_primary);
  EXPECT_EQ(was_primary.end->position, Lsn{100});
  EXPECT_EQ(was_primary.end->timeline, Timeline{3});

  auto was_standby = stopped_end(control(ControlState::ShutDownInRecovery));
  ASSERT_TRUE(was_standby.end);
  EXPECT_FALSE(was_standby.end->former_primary);
  EXPECT_EQ(was_standby.end->position, Lsn{200});
  EXPECT_EQ(was_standby.end->timeline, Timeline{2});

  // Crashed as a primary, started as a standby: no minimum was set yet.
  ControlData restarted = control(ControlState::InArchiveRecovery);
  restarted.min_recovery_end = {};
  auto crashed_before = stopped_end(restarted);
  ASSERT_TRUE(crashed_before.end);
  EXPECT_TRUE(crashed_before.end->former_primary);
  EXPECT_EQ(crashed_before.end->position, Lsn{100});

  for (auto state : {ControlState::InProduction, ControlState::InCrashRecovery, ControlState::ShuttingDown,
                     ControlState::StartingUp, ControlState::Unknown}) {
    EXPECT_FALSE(stopped_end(control(state)).end);
  }
}

TEST(TimelineHistory, lines_are_read_as_postgresql_writes_them) {
  auto lines = parse_timeline_history(
      "1\t0/3000060\tno recovery target specified\n\n# comment\n2\t0/5000110\tbefore transaction 736\n");
  ASSERT_TRUE(lines) << lines.error().text();
  ASSERT_EQ(lines->size(), 2u);
  EXPECT_EQ((*lines)[0].timeline, Timeline{1});
  EXPECT_EQ((*lines)[0].lsn, Lsn{0x3000060});
  EXPECT_EQ((*lines)[1].reason, "before transaction 736");
  EXPECT_TRUE(parse_timeline_history("")->empty());
  EXPECT_TRUE(parse_timeline_history("1 0/3000060"));
}

TEST(TimelineHistory, what_breaks_the_form_is_refused_with_its_line) {
  for (const char* text : {"x\t0/1\ty", "1\tnonsense\ty", "1", "0\t0/1", "2\t0/1\tx\n1\t0/2\ty", "99999999999\t0/1"}) {
    auto lines = parse_timeline_history(text);
    ASSERT_FALSE(lines) << text;
    EXPECT_EQ(lines.error().code, ErrorCode::Invalid);
  }
  EXPECT_EQ(history_file_name(Timeline{0x1a}), "0000001A.history");
}

}  // namespace
}  // namespace tamada
