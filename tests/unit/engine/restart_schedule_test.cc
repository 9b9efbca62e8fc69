// The scheduled restart of a member: one at a time, on record before anybody is told so, and gone for good when told
// so.
#include "engine/restart_schedule.h"

#include <gtest/gtest.h>

#include "support/engine_parts.h"

namespace tamada {
namespace {

struct Scheduling {
  Scheduling() {
    parts.runs_as(true);
    parts.state.postgres.row->postmaster_start_time = kStarted;
  }
  ~Scheduling() { parts.clock.run(schedule.stop()); }
  RestartSchedule::Done into_reply() {
    return [this](OperatorReply r) { replies.push_back(fmt::format("{} {}", r.http_status, r.text)); };
  }
  ScheduleRestart tomorrow() const {
    ScheduleRestart request;
    request.restart.at = WallTime(std::chrono::seconds(1800000000));
    request.restart.request.role = "primary";
    return request;
  }
  std::string last() {
    parts.clock.advance(1s);
    if (replies.empty()) return "no answer";
    std::string reply = replies.back();
    replies.clear();
    return reply;
  }
  std::string ask() {
    schedule.schedule(tomorrow(), into_reply());
    return last();
  }
  std::string cancel() {
    schedule.cancel(into_reply());
    return last();
  }

  static constexpr const char* kStarted = "2026-11-23 05:20:13.398298+00:00";
  test::EngineParts parts;
  int changes = 0;
  RestartSchedule schedule{parts.clock.executor(), parts.state, [this] { ++changes; }};
  std::vector<std::string> replies;
};

TEST(RestartSchedule, is_on_record_before_the_answer) {
  Scheduling s;
  s.parts.local.save_takes = 3s;
  s.schedule.schedule(s.tomorrow(), s.into_reply());
  s.parts.clock.advance(2s);
  EXPECT_TRUE(s.replies.empty());
  EXPECT_FALSE(s.schedule.wanted());
  s.parts.clock.advance(2s);
  EXPECT_EQ(s.last(), "202 Restart scheduled");
  ASSERT_TRUE(s.parts.local.scheduled_restart);
  EXPECT_EQ(s.parts.local.scheduled_restart->postmaster_start_time, Scheduling::kStarted);
  EXPECT_EQ(s.parts.local.scheduled_restart->request.role, "primary");
  EXPECT_TRUE(s.schedule.wanted());
  EXPECT_EQ(s.changes, 1);
}

TEST(RestartSchedule, there_is_one) {
  Scheduling s;
  EXPECT_EQ(s.ask(), "202 Restart scheduled");
  EXPECT_EQ(s.ask(), "409 Another restart is already scheduled");
  EXPECT_EQ(s.cancel(), "200 scheduled restart deleted");
  EXPECT_EQ(s.ask(), "202 Restart scheduled");
}

TEST(RestartSchedule, of_two_at_once_one_is_refused) {
  Scheduling s;
  s.parts.local.save_takes = 2s;
  s.schedule.schedule(s.tomorrow(), s.into_reply());
  s.schedule.schedule(s.tomorrow(), s.into_reply());
  s.parts.clock.advance(5s);
  EXPECT_EQ(s.replies, (std::vector<std::string>{"202 Restart scheduled", "409 Another restart is already scheduled"}));
}

TEST(RestartSchedule, needs_a_server_that_is_known) {
  Scheduling s;
  s.parts.state.postgres.row.reset();
  EXPECT_EQ(s.ask(), "503 PostgreSQL does not answer, so that it is not known which server is to be restarted");
  EXPECT_FALSE(s.parts.local.scheduled_restart);
}

TEST(RestartSchedule, what_cannot_be_put_on_record_is_refused) {
  Scheduling s;
  s.parts.local.on_save_restart = [] { return Result<void>(Error(ErrorCode::Failed, "disk full")); };
  EXPECT_EQ(s.ask(), "503 the schedule could not be put on record: disk full");
  EXPECT_FALSE(s.schedule.wanted());
}

TEST(RestartSchedule, is_deleted_only_with_its_record) {
  Scheduling s;
  EXPECT_EQ(s.cancel(), "404 no restarts are scheduled");
  s.ask();
  s.parts.local.on_save_restart = [] { return Result<void>(Error(ErrorCode::Failed, "disk full")); };
  EXPECT_EQ(s.cancel(), "503 the schedule could not be taken off the record: disk full");
  EXPECT_TRUE(s.schedule.wanted());
  s.parts.local.on_save_restart = [] { return Result<void>(); };
  EXPECT_EQ(s.cancel(), "200 scheduled restart deleted");
  EXPECT_FALSE(s.parts.local.scheduled_restart);
  EXPECT_FALSE(s.schedule.wanted());
}

TEST(RestartSchedule, outlives_the_daemon) {
  Scheduling s;
  s.ask();
  RestartSchedule next(s.parts.clock.executor(), s.parts.state, [] {});
  s.parts.clock.run(next.load());
  ASSERT_TRUE(next.wanted());
  EXPECT_EQ(next.wanted()->at, s.tomorrow().restart.at);
  s.parts.clock.run(next.stop());
}

TEST(RestartSchedule, stays_on_record_until_the_restart_has_ended) {
  Scheduling s;
  s.ask();
  EXPECT_EQ(s.schedule.begin().role, "primary");
  s.parts.clock.advance(10s);
  EXPECT_TRUE(s.parts.local.scheduled_restart);
  EXPECT_FALSE(s.schedule.wanted());
  EXPECT_EQ(s.cancel(), "404 no restarts are scheduled");
  EXPECT_EQ(s.ask(), "409 Another restart is already scheduled");
  s.schedule.ended({200, "restarted successfully"});
  s.parts.clock.advance(1s);
  EXPECT_FALSE(s.parts.local.scheduled_restart);
}

TEST(RestartSchedule, a_new_one_keeps_its_record_when_the_last_one_goes) {
  Scheduling s;
  s.parts.local.save_takes = 2s;
  s.schedule.schedule(s.tomorrow(), s.into_reply());
  s.parts.clock.advance(3s);
  s.schedule.begin();
  s.schedule.ended({503, "restart failed"});
  s.schedule.schedule(s.tomorrow(), s.into_reply());
  s.parts.clock.advance(10s);
  EXPECT_TRUE(s.schedule.wanted());
  EXPECT_TRUE(s.parts.local.scheduled_restart);
}

TEST(RestartSchedule, what_will_not_take_place_is_forgotten_and_told_once) {
  Scheduling s;
  s.ask();
  s.schedule.forget("it was due 20 s ago");
  s.schedule.forget("it was due 21 s ago");
  s.parts.clock.advance(1s);
  EXPECT_FALSE(s.parts.local.scheduled_restart);
  EXPECT_EQ(s.parts.log_lines.count("it was due"), 1);
}

}  // namespace
}  // namespace tamada
