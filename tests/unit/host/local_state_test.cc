#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "host/file_local_state.h"
#include "host/files.h"
#include "host/local_state_codec.h"
#include "host/run_directory.h"
#include "host/system_clock.h"
#include "support/run_task.h"
#include "support/temporary_directory.h"

namespace tamada {
namespace {

using testing::run_task;

TEST(RunDirectory, is_beside_the_data_directory_unless_the_environment_says_otherwise) {
  ::unsetenv("TAMADA_RUN_DIR");
  ::setenv("HOME", "/home/x", 1);
  EXPECT_EQ(run_directory_candidates({"c", "n/1", "/data/pg15/"}),
            (std::vector<std::string>{"/data/.pg15.tamada", "/home/x/.tamada/c.n_1"}));
  ::setenv("TAMADA_RUN_DIR", "/run/tamada", 1);
  EXPECT_EQ(run_directory_candidates({"c", "n1", "/data"}), (std::vector<std::string>{"/run/tamada/c.n1"}));
  ::unsetenv("TAMADA_RUN_DIR");
}

TEST(RunDirectory, a_stopped_predecessor_blocks_its_successor) {
  testing::TemporaryDirectory directory;
  const std::string path = directory / "run";
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto held = RunDirectory::open_at(path);
    char byte = held ? 1 : 0;
    if (::write(ready[1], &byte, 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ASSERT_EQ(byte, 1);
  ::kill(child, SIGSTOP);
  auto second = RunDirectory::open_at(path);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::Conflict);
  EXPECT_NE(second.error().message.find("process " + std::to_string(child)), std::string::npos);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(RunDirectory::open_at(path));
  ::close(ready[0]);
  ::close(ready[1]);
}

class LocalStateTest : public ::testing::Test {
 protected:
  boost::asio::io_context io_;
  SystemClock clock_;
  BlockingPool pool_{clock_};
  testing::TemporaryDirectory directory_;
  FileLocalState state_{clock_, pool_, {directory_.path(), directory_ / "data"}};
};

TEST_F(LocalStateTest, a_promise_and_its_end_survive_the_daemon) {
  auto none = run_task(io_, state_.load_promise());
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none) << "never saved is not the same as over";
  PromiseRecord record{"boot", {"n2", "postgres://h/p", "http://h:8008/patroni", "7-1-2", 30s}, 30300ms, Instant(5s)};
  ASSERT_TRUE(run_task(io_, state_.save_promise(record)));
  FileLocalState next(clock_, pool_, {directory_.path(), directory_ / "data"});
  auto loaded = run_task(io_, next.load_promise());
  ASSERT_TRUE(loaded && *loaded);
  EXPECT_EQ((*loaded)->to, record.to);
  EXPECT_EQ((*loaded)->boot_id, "boot");
  EXPECT_EQ((*loaded)->length, record.length);
  EXPECT_EQ((*loaded)->until, record.until);
  record.until = kLongAgo;
  ASSERT_TRUE(run_task(io_, state_.save_promise(record)));
  EXPECT_EQ((*run_task(io_, state_.load_promise()))->until, kLongAgo);
  for (const char* broken : {"", "[]", "{}",
                             R"({"boot_id":"b","name":"n","conn_url":"c","api_url":"a","episode":"e",)"
                             R"("ttl":30,"length_us":1,"until_us":2,"over":1})"}) {
    EXPECT_FALSE(parse_promise(broken)) << broken;
  }
}

TEST_F(LocalStateTest, what_was_saved_is_found_by_the_next_daemon_and_can_be_cleared) {
  AdoptionRecord record;
  record.boot_id = state_.boot_id();
  record.store_id = "s";
  record.generation = {"n1", 77, "lease"};
  record.granted_ttl = 30s;
  record.valid_until = Instant(Duration(123456789));
  ASSERT_TRUE(run_task(io_, state_.save_adoption(record)));
  ASSERT_TRUE(run_task(io_, state_.save_promotion_note(PromotionNote{{3}, {0x1500000}, {4}, "n1 0/1500000 17"})));
  ASSERT_TRUE(run_task(io_, state_.save_work_note(WorkNote{WorkNote::Kind::Rewind})));

  FileLocalState next(clock_, pool_, {directory_.path(), directory_ / "data"});
  auto adoption = run_task(io_, next.load_adoption());
  ASSERT_TRUE(adoption && *adoption);
  EXPECT_EQ((*adoption)->generation, record.generation);
  EXPECT_EQ((*adoption)->granted_ttl, record.granted_ttl);
  EXPECT_EQ((*adoption)->valid_until, record.valid_until);
  auto note = run_task(io_, next.load_promotion_note());
  ASSERT_TRUE(note && *note);
  EXPECT_EQ((*note)->from_timeline.id, 3u);
  EXPECT_EQ((*note)->at.bytes, 0x1500000u);
  EXPECT_EQ((*note)->origin, "n1 0/1500000 17");
  auto work = run_task(io_, next.load_work_note());
  ASSERT_TRUE(work && *work);
  EXPECT_EQ((*work)->kind, WorkNote::Kind::Rewind);
  ASSERT_TRUE(run_task(io_, next.save_work_note(std::nullopt)));
  EXPECT_FALSE(run_task(io_, next.load_work_note())->has_value());
  EXPECT_FALSE(next.boot_id().empty());
}

TEST_F(LocalStateTest, which_store_was_used_survives_the_daemon) {
  auto none = run_task(io_, state_.load_store_mark());
  ASSERT_TRUE(none);
  EXPECT_FALSE(none->has_value());
  const StoreMark mark{"13130754820875701103", 4711, "7444444444444444444"};
  ASSERT_TRUE(run_task(io_, state_.save_store_mark(mark)));
  auto loaded = run_task(io_, state_.load_store_mark());
  ASSERT_TRUE(loaded && *loaded);
  EXPECT_EQ(**loaded, mark);
  for (const char* broken : {"{}", "[]", R"({"store_id":"1","revision":"x","system_identifier":"2"})"}) {
    EXPECT_FALSE(parse_store_mark(broken)) << broken;
  }
}

TEST_F(LocalStateTest, which_logical_slots_are_sound_survives_the_daemon) {
  auto none = run_task(io_, state_.load_sound_slots());
  ASSERT_TRUE(none);
  EXPECT_FALSE(none->has_value());
  const SoundSlots record{"n2/7/b", {"a", "b"}};
  ASSERT_TRUE(run_task(io_, state_.save_sound_slots(record)));
  auto loaded = run_task(io_, state_.load_sound_slots());
  ASSERT_TRUE(loaded && *loaded);
  EXPECT_EQ(**loaded, record);
  for (const char* broken :
       {"{}", "[]", R"({"leader":1,"slots":[]})", R"({"leader":"x","slots":[1]})", R"({"leader":"x"})"}) {
    EXPECT_FALSE(parse_sound_slots(broken)) << broken;
  }
}

TEST_F(LocalStateTest, a_scheduled_restart_survives_the_daemon_until_it_is_taken_off) {
  EXPECT_FALSE(run_task(io_, state_.load_scheduled_restart())->has_value());
  ScheduledRestart restart;
  restart.at = WallTime(std::chrono::seconds(1800000000));
  restart.request.postgres_version = "16.1";
  restart.postmaster_start_time = "2026-11-23 05:20:13.398298+00:00";
  ASSERT_TRUE(run_task(io_, state_.save_scheduled_restart(restart)));
  auto loaded = run_task(io_, state_.load_scheduled_restart());
  ASSERT_TRUE(loaded && *loaded);
  EXPECT_EQ((*loaded)->at, restart.at);
  EXPECT_EQ((*loaded)->request.postgres_version, "16.1");
  EXPECT_EQ((*loaded)->postmaster_start_time, restart.postmaster_start_time);
  ASSERT_TRUE(run_task(io_, state_.save_scheduled_restart(std::nullopt)));
  EXPECT_FALSE(run_task(io_, state_.load_scheduled_restart())->has_value());
  for (const char* broken : {"", "[]", "{}"}) EXPECT_FALSE(parse_scheduled_restart(broken)) << broken;
}

TEST_F(LocalStateTest, a_broken_document_is_an_error_and_not_nothing) {
  for (const char* text : {"", "{", "[]", "{}", "{\"kind\": 1}", "{\"kind\": \"dance\"}"}) {
    ASSERT_TRUE(write_file_atomic(directory_ / "work.json", text, 0600));
    EXPECT_FALSE(run_task(io_, state_.load_work_note())) << text;
  }
  EXPECT_FALSE(parse_adoption("{\"boot_id\": \"x\"}"));
  EXPECT_FALSE(parse_promotion_note("{\"from_timeline\": \"x\"}"));
}

TEST_F(LocalStateTest, the_cache_of_the_configuration_never_fills_an_empty_data_directory) {
  json::object document;
  document["ttl"] = 30;
  ASSERT_TRUE(create_directory(directory_ / "data", 0700));
  ASSERT_TRUE(run_task(io_, state_.save_dynamic_cache(document)));
  EXPECT_FALSE(path_exists(directory_ / "data/patroni.dynamic.json"));
  ASSERT_TRUE(write_file_atomic(directory_ / "data/PG_VERSION", "15\n", 0600));
  ASSERT_TRUE(run_task(io_, state_.save_dynamic_cache(document)));
  auto loaded = run_task(io_, state_.load_dynamic_cache());
  ASSERT_TRUE(loaded && *loaded);
  EXPECT_EQ(**loaded, document);
}

}  // namespace
}  // namespace tamada
