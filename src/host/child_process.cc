#include "host/child_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <fmt/format.h>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/async.h"
#include "host/files.h"
#include "host/process_table.h"
#include "ports/deadline.h"

namespace tamada {

namespace asio = boost::asio;

namespace {

// How long output may still come after the exit, from a grandchild that holds the pipe.
constexpr Duration kDrain = 300ms;
// A killed process that does not end (disk sleep) is given up; the kernel ends it some day.
constexpr Duration kKillWait = 5s;

struct Spawned {
  int pid = 0;
  UniqueFd pidfd;
  UniqueFd out;
  UniqueFd err;
};

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

Result<Pipe> make_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return errno_error("cannot make", "a pipe", errno);
  return Pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

// An anonymous file rather than a pipe: nobody has to feed it while the child runs.
Result<UniqueFd> input_file(const std::string& text) {
  UniqueFd fd(text.empty() ? ::open("/dev/null", O_RDONLY | O_CLOEXEC) : ::memfd_create("input", MFD_CLOEXEC));
  if (!fd) return errno_error("cannot make", "standard input", errno);
  std::size_t done = 0;
  while (done < text.size()) {
    ssize_t n = ::write(fd.get(), text.data() + done, text.size() - done);
    if (n < 0) return errno_error("cannot fill", "standard input", errno);
    done += static_cast<std::size_t>(n);
  }
  if (!text.empty() && ::lseek(fd.get(), 0, SEEK_SET) != 0)
    return errno_error("cannot rewind", "standard input", errno);
  return fd;
}

struct SpawnAttributes {
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_t actions;
  SpawnAttributes() {
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_init(&actions);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnAttributes() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
};

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (const std::string& text : texts) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

Result<void> add_output(SpawnAttributes& how, ChildOutput kind, int target, Pipe& pipe) {
  if (kind == ChildOutput::Capture) {
    auto made = make_pipe();
    if (!made) return made.error();
    pipe = std::move(*made);
    posix_spawn_file_actions_adddup2(&how.actions, pipe.write.get(), target);
  } else if (kind == ChildOutput::Discard) {
    posix_spawn_file_actions_addopen(&how.actions, target, "/dev/null", O_WRONLY, 0);
  }
  return {};
}

Result<Spawned> spawn(const ChildSpec& spec) {
  if (spec.argv.empty()) return Error(ErrorCode::Invalid, "the command to run is empty");
  SpawnAttributes how;
  Pipe out, err;
  auto in = input_file(spec.input);
  if (!in) return in.error();
  posix_spawn_file_actions_adddup2(&how.actions, in->get(), 0);
  if (auto added = add_output(how, spec.out, 1, out); !added) return added.error();
  if (auto added = add_output(how, spec.err, 2, err); !added) return added.error();
  if (!spec.directory.empty()) posix_spawn_file_actions_addchdir_np(&how.actions, spec.directory.c_str());
  posix_spawn_file_actions_addclosefrom_np(&how.actions, 3);

  Spawned child;
  auto argv = pointers(spec.argv);
  auto environment = pointers(spec.environment);
  const int error = ::posix_spawnp(&child.pid, argv[0], &how.actions, &how.attributes, argv.data(), environment.data());
  if (error != 0) return errno_error("cannot run", spec.argv[0], error);
  // Not reaped by anybody else, so the pid cannot be another's yet.
  auto info = read_process(child.pid);
  child.pidfd = open_process(child.pid, info ? info->start_ticks : 0);
  if (!child.pidfd) {
    ::kill(-child.pid, SIGKILL);
    return Error(ErrorCode::Io, fmt::format("cannot watch process {} of {}", child.pid, spec.argv[0]));
  }
  child.out = std::move(out.read);
  child.err = std::move(err.read);
  return child;
}

Task<void> read_all(asio::posix::stream_descriptor& pipe, std::string& text, std::size_t limit) {
  char buffer[16384];
  boost::system::error_code error;
  while (pipe.is_open() && !error) {
    std::size_t n =
        co_await pipe.async_read_some(asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, error));
    text.append(buffer, std::min(n, limit - std::min(limit, text.size())));
  }
}

// One running child. Destroyed early (the whole executor is dropped), it kills what it started.
class Running {
 public:
  Running(const Executor& executor, Spawned spawned)
      : pid_(spawned.pid),
        pidfd_(std::move(spawned.pidfd)),
        exit_(executor, ::dup(pidfd_.get())),
        out_(executor),
        err_(executor) {
    if (spawned.out) out_.assign(spawned.out.release());
    if (spawned.err) err_.assign(spawned.err.release());
  }
  ~Running() {
    if (reaped_) return;
    kill_tree(pid_);
    ::kill(-pid_, SIGKILL);
    ReapedStatus ignored;
    reap(pidfd_, ignored);
  }
  Running(const Running&) = delete;

  Task<void> communicate(Clock& clock, ChildExit& result, std::size_t limit) {
    using namespace asio::experimental::awaitable_operators;
    co_await (wait_exit(result) && collect(result, limit) && close_late_pipes(clock));
  }

  Task<void> end(Clock& clock, Duration grace) {
    ChildExit ignored;
    if (grace > 0s) {
      ::kill(-pid_, SIGTERM);
      if (co_await with_deadline(clock, clock.now() + grace, wait_exit(ignored))) {
        ::kill(-pid_, SIGKILL);  // who is left of its group has nobody to work for
        co_return;
      }
    }
    if (!reaped_) kill_tree(pid_);
    ::kill(-pid_, SIGKILL);
    co_await with_deadline(clock, clock.now() + kKillWait, wait_exit(ignored));
  }

 private:
  Task<void> wait_exit(ChildExit& result) {
    while (!reaped_) {
      co_await exit_.async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
      ReapedStatus status;
      if (!reap(pidfd_, status)) continue;
      reaped_ = true;
      result.code = status.code;
      result.signal = status.signal;
      exited_.set();
    }
    exited_.set();
  }

  Task<void> collect(ChildExit& result, std::size_t limit) {
    using namespace asio::experimental::awaitable_operators;
    co_await (read_all(out_, result.out, limit) && read_all(err_, result.err, limit));
    drained_.set();
  }

  Task<void> close_late_pipes(Clock& clock) {
    co_await exited_.wait();
    if (co_await with_deadline(clock, clock.now() + kDrain, drained_.wait())) co_return;
    out_.close();
    err_.close();
  }

  int pid_;
  UniqueFd pidfd_;
  asio::posix::stream_descriptor exit_;
  asio::posix::stream_descriptor out_;
  asio::posix::stream_descriptor err_;
  AsyncEvent exited_{exit_.get_executor()};
  AsyncEvent drained_{exit_.get_executor()};
  bool reaped_ = false;
};

std::string last_lines(const std::string& text) {
  constexpr std::size_t kQuoted = 600;
  std::string tail = text.size() > kQuoted ? text.substr(text.size() - kQuoted) : text;
  while (!tail.empty() && (tail.back() == '\n' || tail.back() == ' ')) tail.pop_back();
  for (char& c : tail)
    if (c == '\n') c = ' ';
  return tail;
}

}  // namespace

std::string ChildExit::how() const {
  return signal != 0 ? fmt::format("signal {}", signal) : fmt::format("exit code {}", code);
}

bool reap(const UniqueFd& pidfd, ReapedStatus& status) {
  siginfo_t info{};
  if (::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd.get()), &info, WEXITED | WNOHANG) != 0)
    return false;
  if (info.si_pid == 0) return false;
  const bool exited = info.si_code == CLD_EXITED;
  status.code = exited ? info.si_status : -1;
  status.signal = exited ? 0 : info.si_status;
  return true;
}

Task<Result<ChildExit>> run_child(Clock& clock, ChildSpec spec, Instant deadline) {
  Executor executor = co_await asio::this_coro::executor;
  auto spawned = spawn(spec);
  if (!spawned) co_return spawned.error();
  Running child(executor, std::move(*spawned));
  ChildExit result;
  std::exception_ptr cancelled;
  bool in_time = false;
  try {
    in_time = co_await with_deadline(clock, deadline, child.communicate(clock, result, spec.capture_limit));
  } catch (...) {
    cancelled = std::current_exception();
  }
  if (cancelled) {
    // The clean-up below waits too; without this its first co_await would throw at once.
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await child.end(clock, spec.grace);
    std::rethrow_exception(cancelled);
  }
  if (in_time) co_return result;
  co_await child.end(clock, spec.grace);
  co_return Error(ErrorCode::Timeout, fmt::format("{} did not end in time and was killed", spec.argv[0]));
}

Result<void> require_success(const Result<ChildExit>& exit, const std::string& what) {
  if (!exit) return exit.error().wrap(what + " failed");
  if (exit->ok()) return {};
  const std::string& said = exit->err.empty() ? exit->out : exit->err;
  std::string message = fmt::format("{} failed with {}", what, exit->how());
  if (std::string quoted = last_lines(said); !quoted.empty()) message += ": " + quoted;
  return Error(ErrorCode::Failed, message);
}

Result<DetachedChild> spawn_detached(const ChildSpec& spec) {
  INVARIANT(spec.out != ChildOutput::Capture && spec.err != ChildOutput::Capture);
  auto spawned = spawn(spec);
  if (!spawned) return spawned.error();
  auto info = read_process(spawned->pid);
  return DetachedChild{spawned->pid, info ? info->start_ticks : 0, std::move(spawned->pidfd)};
}

}  // namespace tamada
