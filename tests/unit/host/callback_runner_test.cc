#include "host/callback_runner.h"

#include <gtest/gtest.h>
#include <signal.h>

#include "host/files.h"
#include "host/process_table.h"
#include "host/system_clock.h"
#include "support/run_task.h"
#include "support/temporary_directory.h"

namespace tamada {
namespace {

using testing::run_task;
using Event = Callbacks::Event;

class Silent final : public LogSink {
 public:
  bool enabled(LogLevel, std::string_view) const override { return false; }
  void write(LogLevel, std::string_view, std::string) override {}
};

class CallbackTest : public ::testing::Test {
 protected:
  CallbackTest() {
    settings_.scope = "batman";
    settings_.compatibility = Compatibility::V4_1;
  }
  void command(const std::string& event, const std::string& text) {
    settings_.postgresql.callbacks[event] = text;
    runner_.update_settings(settings_);
  }
  void finish(Duration limit = 20s) { run_task(io_, runner_.finish(clock_.now() + limit)); }
  void poll_until(const std::string& file) {
    while (!path_exists(file)) {
      io_.restart();
      io_.run_one_for(std::chrono::milliseconds(5));
    }
  }

  boost::asio::io_context io_;
  SystemClock clock_;
  Silent silent_;
  Settings settings_;
  testing::TemporaryDirectory directory_;
  CallbackRunner runner_{io_.get_executor(), clock_, settings_, Logger(silent_, "callbacks")};
};

TEST_F(CallbackTest, a_script_gets_event_role_and_scope_in_the_words_of_the_level) {
  command("on_start", "/bin/sh -c 'echo $0 $1 $2 > " + directory_.path() + "/out'");
  runner_.call(Event::OnStart, Role::Promoted);
  finish();
  EXPECT_EQ(*read_file(directory_ / "out"), "on_start primary batman\n");
  settings_.compatibility = Compatibility::V1_5;
  runner_.update_settings(settings_);
  runner_.call(Event::OnStart, Role::Primary);
  finish();
  EXPECT_EQ(*read_file(directory_ / "out"), "on_start master batman\n");
}

TEST_F(CallbackTest, the_next_one_kills_a_running_one_with_its_whole_tree) {
  command("on_stop", "/bin/sh -c 'setsid sleep 300 & echo $! > " + directory_.path() + "/tmp; mv " + directory_.path() +
                         "/tmp " + directory_.path() + "/pid; sleep 300'");
  command("on_start", "/bin/sh -c 'echo yes > " + directory_.path() + "/started'");
  runner_.call(Event::OnStop, Role::Primary);
  poll_until(directory_ / "pid");
  const int grandchild = std::atoi(read_file(directory_ / "pid")->c_str());
  runner_.call(Event::OnStart, Role::Replica);
  finish();
  EXPECT_TRUE(path_exists(directory_ / "started"));
  auto process = read_process(grandchild);
  EXPECT_TRUE(!process || process->dead() || kill_pending(grandchild));
}

TEST_F(CallbackTest, of_several_that_wait_only_the_newest_runs) {
  command("on_stop", "/bin/sh -c 'trap \"\" TERM; sleep 300'");
  command("on_start", "/bin/sh -c 'echo $1 >> " + directory_.path() + "/out'");
  runner_.call(Event::OnStop, Role::Primary);
  runner_.call(Event::OnStart, Role::Replica);
  runner_.call(Event::OnStart, Role::Primary);
  finish();
  EXPECT_EQ(*read_file(directory_ / "out"), "primary\n");
}

TEST_F(CallbackTest, on_reload_has_a_lane_of_its_own) {
  command("on_role_change", "/bin/sh -c 'echo begun > " + directory_.path() + "/begun; while [ ! -e " +
                                directory_.path() + "/reloaded ]; do sleep 0.01; done; echo done > " +
                                directory_.path() + "/done'");
  command("on_reload", "/bin/sh -c 'echo yes > " + directory_.path() + "/reloaded'");
  runner_.call(Event::OnRoleChange, Role::Primary);
  poll_until(directory_ / "begun");
  runner_.call(Event::OnReload, Role::Primary);
  finish();
  EXPECT_TRUE(path_exists(directory_ / "done"));
}

TEST_F(CallbackTest, no_zombie_is_left_and_a_missing_script_disturbs_nobody) {
  command("on_start", "/nonexistent/callback");
  command("on_stop", "/bin/true");
  runner_.call(Event::OnStart, Role::Primary);
  runner_.call(Event::OnStop, Role::Primary);
  runner_.call(Event::OnRestart, Role::Primary);  // not configured
  finish();
  for (const ProcessInfo& process : all_processes()) EXPECT_FALSE(process.parent == ::getpid() && process.dead());
}

TEST_F(CallbackTest, finish_kills_what_does_not_end_in_time) {
  command("on_stop", "/bin/sleep 300");
  runner_.call(Event::OnStop, Role::Primary);
  finish(100ms);
  for (const ProcessInfo& process : all_processes())
    EXPECT_FALSE(process.parent == ::getpid() && process.name == "sleep");
}

}  // namespace
}  // namespace tamada
