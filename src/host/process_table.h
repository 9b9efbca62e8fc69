// Reading /proc. Blocking: on a pool thread. Free of races: a process that vanishes while it is looked at is gone,
// never an error; a pid is only trusted together with its start ticks.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "host/unique_fd.h"

namespace tamada {

struct ProcessInfo {
  int pid = 0;
  int parent = 0;
  int session = 0;
  int terminal = 0;  // 0 = no controlling terminal
  char state = '?';  // as in /proc/<pid>/stat
  std::int64_t start_ticks = 0;
  std::string name;  // comm
  bool dead() const { return state == 'Z' || state == 'X' || state == 'x'; }
};

// Parses the text of /proc/<pid>/stat; the name may contain blanks and brackets.
std::optional<ProcessInfo> parse_proc_stat(const std::string& text);
// nullopt = gone.
std::optional<ProcessInfo> read_process(int pid);
std::vector<ProcessInfo> all_processes();
// What ps shows as command; empty for kernel threads and for what is gone.
std::string process_title(int pid);
// SIGKILL is pending: it cannot run user code any more (safety.md 3.1).
bool kill_pending(int pid);
// Seconds since the epoch when the process was created; nullopt = gone.
std::optional<double> creation_time(const ProcessInfo& process);

// What stays the same when a directory is renamed.
struct DirectoryId {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const DirectoryId&) const = default;
};
Result<DirectoryId> directory_id(const std::string& path);

// Processes of our user that work in the directory: it is their working directory, and they are neither dead nor about
// to be. Not among them: this process and its ancestors, and whatever sits on a terminal without being `program`: an
// operator's shell that stands in the data directory acknowledges no commit.
std::vector<ProcessInfo> processes_in(DirectoryId directory, const std::string& program = "postgres");

// Processes of our user whose environment has exactly this "NAME=value"; neither this process nor its ancestors. Who
// has cleared its environment, or runs as somebody else, is not found.
std::vector<ProcessInfo> processes_with(const std::string& variable);

// A pidfd for exactly this process; empty when it is gone (or the pid belongs to another by now).
UniqueFd open_process(const ProcessInfo& process);
UniqueFd open_process(int pid, std::int64_t start_ticks);
// False when the process is gone.
bool signal_process(const UniqueFd& process, int signal);
// Has the process behind the pidfd ended?
bool process_ended(const UniqueFd& process);

// Kills the process and everything that descends from it, also what left its process group. Returns how many were
// signalled.
int kill_tree(int pid);

}  // namespace tamada
