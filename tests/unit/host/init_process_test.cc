#include "host/init_process.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/files.h"
#include "support/temporary_directory.h"

namespace tamada {
namespace {

// Runs the body as an init: in a forked process that adopts orphans.
template <class F>
int run_as_init(F body) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    ::_exit(body());
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(InitProcess, reaps_orphans_and_ends_with_0_whatever_the_daemons_code_is) {
  testing::TemporaryDirectory directory;
  const std::string file = directory / "reaped";
  const int code = run_as_init([&] {
    std::string lines;
    auto ended =
        become_init([&](const std::string& line) { (void)write_file_atomic(file, lines += line + "\n", 0600); });
    if (ended) return *ended;
    // The daemon: leaves an orphan that ends before it, then fails.
    const pid_t middle = ::fork();
    if (middle == 0) {
      if (::fork() == 0) ::_exit(7);
      ::_exit(0);
    }
    ::waitpid(middle, nullptr, 0);
    while (!path_exists(file)) ::usleep(1000);
    ::_exit(5);
  });
  EXPECT_EQ(code, 0);
  const std::string text = *read_file(file);
  EXPECT_EQ(text.find("Reaped pid="), 0u);
  EXPECT_NE(text.find("exit status=7"), std::string::npos);
}

TEST(InitProcess, forwards_signals_to_the_daemon) {
  testing::TemporaryDirectory directory;
  const std::string ready = directory / "ready", seen = directory / "seen";
  const pid_t init = ::fork();
  if (init == 0) {
    if (auto ended = become_init({})) ::_exit(*ended);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    (void)write_file_atomic(ready, "", 0600);
    int number = 0;
    ::sigwait(&set, &number);
    (void)write_file_atomic(seen, std::to_string(number), 0600);
    ::_exit(0);
  }
  while (!path_exists(ready)) ::usleep(1000);
  ::kill(init, SIGUSR2);
  int status = 0;
  ::waitpid(init, &status, 0);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(*read_file(seen), std::to_string(SIGUSR2));
}

TEST(InitProcess, any_other_process_goes_on_as_the_daemon) {
  EXPECT_FALSE(become_init_if_first_process({}).has_value());
}

}  // namespace
}  // namespace tamada
