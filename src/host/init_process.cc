#include "host/init_process.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

namespace tamada {

namespace {

constexpr int kForwarded[] = {SIGHUP, SIGQUIT, SIGINT, SIGUSR1, SIGUSR2, SIGABRT, SIGTERM};

sigset_t handled_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int number : kForwarded) sigaddset(&set, number);
  sigaddset(&set, SIGCHLD);
  return set;
}

// Collects all zombies; true when the daemon was among them.
bool reap_all(pid_t daemon, const ReapReport& report) {
  bool ended = false;
  int status = 0;
  for (pid_t pid; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
    if (pid == daemon)
      ended = true;
    else if (report)
      report(fmt::format("Reaped pid={}, exit status={}", pid, WIFEXITED(status) ? WEXITSTATUS(status) : status));
  }
  return ended || (errno == ECHILD && ::kill(daemon, 0) != 0);
}

int serve(pid_t daemon, const sigset_t& handled, const ReapReport& report) {
  while (!reap_all(daemon, report)) {
    int number = 0;
    if (::sigwait(&handled, &number) != 0) continue;
    if (number != SIGCHLD) ::kill(daemon, number);
  }
  return 0;
}

}  // namespace

std::optional<int> become_init(const ReapReport& report) {
  const sigset_t handled = handled_signals();
  sigset_t before;
  // Blocked before the fork: no signal is lost between it and the wait.
  ::sigprocmask(SIG_BLOCK, &handled, &before);
  const pid_t daemon = ::fork();
  if (daemon == 0) {
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    // An init that is killed must not leave a daemon nobody supervises.
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    return std::nullopt;
  }
  if (daemon < 0) {
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    return std::nullopt;  // no child: serve as the daemon ourselves, zombies and all
  }
  return serve(daemon, handled, report);
}

std::optional<int> become_init_if_first_process(const ReapReport& report) {
  if (::getpid() != 1) return std::nullopt;
  return become_init(report);
}

}  // namespace tamada
