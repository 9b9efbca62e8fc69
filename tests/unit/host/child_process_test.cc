#include "host/child_process.h"

#include <algorithm>
#include <cstdlib>

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

class ChildProcess : public ::testing::Test {
 protected:
  Result<ChildExit> run(ChildSpec spec, Duration limit = 20s) {
    return run_task(io_, run_child(clock_, std::move(spec), clock_.now() + limit));
  }
  ChildSpec shell(const std::string& script) {
    ChildSpec spec;
    spec.argv = {"/bin/sh", "-c", script};
    return spec;
  }
  boost::asio::io_context io_;
  SystemClock clock_;
  testing::TemporaryDirectory directory_;
};

TEST_F(ChildProcess, captures_both_streams_and_the_exit_code) {
  auto exit = run(shell("echo out; echo err >&2; exit 3"));
  ASSERT_TRUE(exit) << exit.error().text();
  EXPECT_EQ(exit->out, "out\n");
  EXPECT_EQ(exit->err, "err\n");
  EXPECT_EQ(exit->code, 3);
  EXPECT_EQ(require_success(exit, "the script").error().message, "the script failed with exit code 3: err");
}

TEST_F(ChildProcess, reports_the_signal_that_ended_it) {
  auto exit = run(shell("kill -9 $$"));
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->signal, SIGKILL);
  EXPECT_EQ(exit->how(), "signal 9");
}

TEST_F(ChildProcess, reads_its_input_from_the_given_text) {
  ChildSpec spec = shell("cat");
  spec.input = std::string(300000, 'x');
  auto exit = run(spec);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->out.size(), 300000u);
}

TEST_F(ChildProcess, drops_output_beyond_the_limit_without_blocking_the_child) {
  ChildSpec spec = shell("head -c 500000 /dev/zero; echo done >&2");
  spec.capture_limit = 1000;
  auto exit = run(spec);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->out.size(), 1000u);
  EXPECT_EQ(exit->err, "done\n");
}

TEST_F(ChildProcess, a_program_that_is_not_there_is_an_error_that_names_it) {
  ChildSpec spec;
  spec.argv = {"/nonexistent/program"};
  auto exit = run(spec);
  ASSERT_FALSE(exit);
  EXPECT_EQ(exit.error().message, "cannot run /nonexistent/program: no such file or directory");
}

TEST_F(ChildProcess, runs_in_a_session_of_its_own) {
  auto exit = run(shell("cut -d' ' -f6 /proc/$$/stat; echo $$"));
  ASSERT_TRUE(exit);
  auto newline = exit->out.find('\n');
  EXPECT_EQ(exit->out.substr(0, newline + 1), exit->out.substr(newline + 1));
}

TEST_F(ChildProcess, a_late_child_is_killed_with_its_descendants_even_in_another_session) {
  const std::string file = directory_.path() + "/pid";
  auto exit =
      run(shell("setsid sh -c 'echo $$ > " + file + ".tmp; mv " + file + ".tmp " + file + "; sleep 100' & sleep 100"),
          500ms);
  ASSERT_FALSE(exit);
  EXPECT_EQ(exit.error().code, ErrorCode::Timeout);
  auto text = read_file(file);
  ASSERT_TRUE(text) << text.error().text();
  const int grandchild = std::atoi(text->c_str());
  auto process = read_process(grandchild);
  EXPECT_TRUE(!process || process->dead() || kill_pending(grandchild));
}

TEST_F(ChildProcess, cancellation_gives_the_child_its_grace_and_then_unwinds) {
  const std::string file = directory_.path() + "/tidied";
  ChildSpec spec = shell("trap 'echo yes > " + file + "; exit 0' TERM; echo ready > " + directory_.path() +
                         "/ready; while :; do sleep 0.01; done");
  spec.grace = 10s;
  TaskScope scope(io_.get_executor());
  bool cancelled = false;
  auto body = [&]() -> Task<void> { (void)co_await run_child(clock_, spec, clock_.now() + 20s); };
  auto id = scope.spawn(body(), [&](std::exception_ptr error) { cancelled = is_cancellation(error); });
  while (!path_exists(directory_.path() + "/ready")) io_.run_one_for(std::chrono::milliseconds(5));
  scope.cancel(id);
  while (scope.running(id)) io_.run_one();
  EXPECT_TRUE(cancelled);
  EXPECT_TRUE(path_exists(file));
}

TEST_F(ChildProcess, who_ignores_the_end_of_the_grace_dies_with_the_leader_of_its_group) {
  ChildSpec spec = shell("(trap '' TERM; sh -c 'echo $PPID' > " + (directory_ / "pid") +
                         "; while :; do sleep 0.05; done) & sleep 100");
  spec.grace = 5s;
  spec.out = spec.err = ChildOutput::Discard;
  EXPECT_EQ(run(spec, 500ms).error().code, ErrorCode::Timeout);
  const int pid = std::stoi(read_file(directory_ / "pid").value_or("0"));
  ASSERT_GT(pid, 0);
  for (int i = 0; i < 500 && read_process(pid) && !read_process(pid)->dead(); ++i) ::usleep(10'000);
  auto process = read_process(pid);
  EXPECT_TRUE(!process || process->dead());
}

TEST_F(ChildProcess, a_grandchild_that_holds_the_pipe_does_not_hold_the_caller) {
  const Instant before = clock_.now();
  auto exit = run(shell("sleep 30 & echo out; echo $! >&2"));
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->out, "out\n");
  EXPECT_LT(clock_.now() - before, 10s);
  ::kill(std::atoi(exit->err.c_str()), SIGKILL);
}

TEST(ChildEnvironment, drops_what_is_ours_and_keeps_the_rest) {
  Environment base{"PATH=/bin",       "PATRONI_NAME=a", "TAMADA_X=1", "KUBERNETES_PORT=1", "NOTIFY_SOCKET=/n",
                   "WATCHDOG_USEC=9", "WATCHDOG_PID=1", "PGHOST=h",   "LANG=C.UTF-8"};
  EXPECT_EQ(child_environment(base), (Environment{"PATH=/bin", "PGHOST=h", "LANG=C.UTF-8"}));
  EXPECT_EQ(child_environment(base, {.drop_libpq = true, .set = {{"PGPASSFILE", "/p"}}}),
            (Environment{"PATH=/bin", "LANG=C.UTF-8", "PGPASSFILE=/p"}));
  EXPECT_EQ(child_environment(base, {.without = {"PGHOST"}}), (Environment{"PATH=/bin", "LANG=C.UTF-8"}));
}

TEST(ChildEnvironment, the_postmaster_gets_the_arena_limit_meant_for_it) {
  Environment base{"PG_MALLOC_ARENA_MAX=1", "MALLOC_ARENA_MAX=9"};
  EXPECT_EQ(child_environment(base, {.postmaster = true}), (Environment{"MALLOC_ARENA_MAX=1"}));
}

TEST(ChildEnvironment, what_was_kept_is_still_handed_on_after_it_was_taken_out) {
  EXPECT_EXIT(
      {
        setenv("PGHOST", "kept", 1);
        keep_environment();
        unsetenv("PGHOST");
        setenv("LATER", "1", 1);
        const Environment own = own_environment();
        const bool kept = std::ranges::count(own, "PGHOST=kept") == 1 && std::ranges::count(own, "LATER=1") == 0;
        std::exit(kept ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace tamada
