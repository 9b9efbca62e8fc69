// Starting programs: posix_spawn into a session and process group of its own, the exit watched through a pidfd, output
// captured, inherited or discarded. Engine thread; nothing blocks.
//
// A cancelled or late child is ended with its whole tree before run_child returns: SIGTERM to its group and `grace` to
// tidy up, then SIGKILL to everything that descends from it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "host/environment.h"
#include "host/unique_fd.h"
#include "ports/clock.h"

namespace tamada {

enum class ChildOutput { Inherit, Capture, Discard };

struct ChildSpec {
  std::vector<std::string> argv;  // argv[0] is searched in PATH unless it has a slash
  Environment environment = child_environment(own_environment());
  std::string directory;  // working directory; empty = ours
  std::string input;      // its standard input; empty = /dev/null
  ChildOutput out = ChildOutput::Capture;
  ChildOutput err = ChildOutput::Capture;
  std::size_t capture_limit = 1024 * 1024;  // for each stream; what is beyond is read and dropped
  Duration grace = 0s;                      // between SIGTERM and SIGKILL on cancellation; 0 = kill at once
};

struct ChildExit {
  int code = -1;  // -1 when a signal ended it
  int signal = 0;
  std::string out;
  std::string err;
  bool ok() const { return code == 0; }
  // "exit code 3" or "signal 9"
  std::string how() const;
};

// Error NotFound or Denied when the program cannot be started, Timeout at the deadline. A program that ran and failed
// is no error: see ChildExit.
Task<Result<ChildExit>> run_child(Clock& clock, ChildSpec spec, Instant deadline);

// Turns a failed run into an Error (Failed) that quotes the last lines of its output.
Result<void> require_success(const Result<ChildExit>& exit, const std::string& what);

// Starts a program that goes on without us; out and err must not be Capture.
struct DetachedChild {
  int pid = 0;
  std::int64_t start_ticks = 0;
  UniqueFd pidfd;
};
Result<DetachedChild> spawn_detached(const ChildSpec& spec);

// Collects the status of a child of ours that ended; false when it has not, or is not our child.
struct ReapedStatus {
  int code = -1;
  int signal = 0;
};
bool reap(const UniqueFd& pidfd, ReapedStatus& status);

}  // namespace tamada
