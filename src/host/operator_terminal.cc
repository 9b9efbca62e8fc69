#include "host/operator_terminal.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "host/files.h"
#include "host/unique_fd.h"

extern char** environ;

namespace tamada {

namespace {

constexpr int kSignalExitBase = 128;
constexpr std::string_view kDefaultPath = "/usr/local/bin:/usr/bin:/bin";

// Read by the signal handler: the terminal as it was before the echo was turned off.
termios g_saved_terminal;
volatile sig_atomic_t g_echo_is_off = 0;

void on_interrupt(int /*signal*/) {
  if (g_echo_is_off != 0) tcsetattr(STDIN_FILENO, TCSANOW, &g_saved_terminal);
  constexpr std::string_view text = "\nAborted!\n";
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
  _exit(1);
}

class EchoOff {
 public:
  EchoOff() {
    if (tcgetattr(STDIN_FILENO, &g_saved_terminal) != 0) return;
    termios silent = g_saved_terminal;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    g_echo_is_off = 1;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  ~EchoOff() {
    if (g_echo_is_off == 0) return;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &g_saved_terminal);
    g_echo_is_off = 0;
  }
};

// While a program has the terminal, keys like Ctrl-C are its own.
class IgnoreInterrupts {
 public:
  IgnoreInterrupts() {
    struct sigaction ignore{};
    ignore.sa_handler = SIG_IGN;
    sigaction(SIGINT, &ignore, &interrupt_);
    sigaction(SIGQUIT, &ignore, &quit_);
  }
  ~IgnoreInterrupts() {
    sigaction(SIGINT, &interrupt_, nullptr);
    sigaction(SIGQUIT, &quit_, nullptr);
  }

 private:
  struct sigaction interrupt_{};
  struct sigaction quit_{};
};

// Without buffering beyond the line, so that nothing typed ahead is lost to a program that is started later.
std::optional<std::string> read_line_unbuffered() {
  std::string line;
  char c = 0;
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, &c, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return line.empty() ? std::nullopt : std::optional<std::string>(line);
    if (c == '\n') return line;
    line.push_back(c);
  }
}

class SpawnSetup {
 public:
  SpawnSetup() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGINT);
    sigaddset(&defaults, SIGQUIT);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes_, &defaults);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnSetup() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  void stdin_from(int fd) { posix_spawn_file_actions_adddup2(&actions_, fd, STDIN_FILENO); }

  Result<pid_t> spawn(const std::vector<std::string>& command) {
    std::vector<char*> arguments;
    for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    pid_t pid = 0;
    const int error = posix_spawn(&pid, command.front().c_str(), &actions_, &attributes_, arguments.data(), environ);
    if (error != 0) return errno_error("cannot run", command.front(), error);
    return pid;
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

Result<int> wait_for(pid_t pid, const std::string& name) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return errno_error("cannot wait for", name, errno);
  }
  return WIFSIGNALED(status) ? kSignalExitBase + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

bool is_terminal(int fd) {
  return isatty(fd) == 1;
}

std::optional<std::string> read_input_line(bool hidden) {
  if (!hidden || !is_terminal(STDIN_FILENO)) return read_line_unbuffered();
  const EchoOff silence;
  return read_line_unbuffered();
}

std::string read_input_to_end() {
  std::string out;
  std::array<char, 4096> buffer{};
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return out;
    out.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

void abort_on_interrupt() {
  struct sigaction action{};
  action.sa_handler = on_interrupt;
  sigaction(SIGINT, &action, nullptr);
}

std::optional<std::string> find_program(const std::string& name) {
  const auto executable = [](const std::string& path) { return access(path.c_str(), X_OK) == 0; };
  if (name.find('/') != std::string::npos) return executable(name) ? std::optional<std::string>(name) : std::nullopt;
  const char* path = getenv("PATH");
  for (const std::string& directory : split_list(path == nullptr ? kDefaultPath : path, ':')) {
    if (std::string candidate = join_path(directory, name); executable(candidate)) return candidate;
  }
  return std::nullopt;
}

Result<int> run_on_terminal(const std::vector<std::string>& command, const std::optional<std::string>& input) {
  SpawnSetup setup;
  UniqueFd read_end;
  UniqueFd write_end;
  if (input) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return errno_error("cannot make a pipe for", command.front(), errno);
    read_end.reset(ends[0]);
    write_end.reset(ends[1]);
    setup.stdin_from(read_end.get());
  }
  const IgnoreInterrupts ignore;
  const auto pid = setup.spawn(command);
  if (!pid) return pid.error();
  read_end.reset();
  // A pager that was left early reads no further; that is no failure.
  if (input) write_all(write_end.get(), *input);
  write_end.reset();
  return wait_for(*pid, command.front());
}

Result<std::string> write_private_file(const std::string& directory, const std::string& prefix,
                                       const std::string& suffix, std::string_view text) {
  std::string path = join_path(directory, prefix + "XXXXXX" + suffix);
  const UniqueFd fd(mkstemps(path.data(), static_cast<int>(suffix.size())));
  if (!fd) return errno_error("cannot create", path, errno);
  if (!write_all(fd.get(), text)) {
    const Error error = errno_error("cannot write", path, errno);
    ::unlink(path.c_str());
    return error;
  }
  return path;
}

}  // namespace tamada
