// Who works in the data directory: the postmaster by postmaster.pid and its working directory, its processes, orphans
// of a dead one, a stale pid file (ha_behaviour.md 9.1, safety.md 3.1). Blocking: on a pool thread.
//
// Identity is pid + start ticks. A process is *our* postmaster when the pid file names it and its working directory is
// the data directory; a changed calendar or a reused pid cannot confuse that.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/process_table.h"
#include "model/postgres_status.h"

namespace tamada {

struct PidFile {
  int pid = 0;
  bool single_user = false;  // written with a minus sign
  std::string data_dir;
  std::int64_t start_time = 0;
  int port = 0;
  std::string socket_dir;
  std::string listen_address;
};
std::optional<PidFile> parse_pid_file(std::string_view text);

struct PostmasterLook {
  ProcessState state = ProcessState::Unknown;
  std::optional<PostmasterId> postmaster;
  std::optional<DirectoryId> directory;
  std::vector<ProcessInfo> workers;  // everything that works in the directory, the postmaster included
  int stale_pid = 0;                 // the pid file names this living process, which is not ours; 0 = none
};

struct PostmasterQuestion {
  std::string data_dir;
  std::optional<DirectoryId> known_directory;    // as last seen; used when the path is gone (A15)
  std::optional<PostmasterId> known_postmaster;  // as last seen, or just started and without a pid file yet
  // Only /proc and what is known are looked at, not the data directory: for a stop while the storage hangs.
  bool without_storage = false;
  // Nobody is listed while the known postmaster lives: that answers what runs, without a look at every process there
  // is.
  bool only_orphans = false;
  std::string program = "postgres";  // name of the executable
};
PostmasterLook look_for_postmaster(const PostmasterQuestion& question);

// Only the log collector is left, which ends by itself once everybody else has closed the pipe to it, and processes
// that are at their exit.
bool only_what_ends_by_itself(const std::vector<ProcessInfo>& workers);

// Stops, then kills every process that works in the directory, until a scan finds none; at most kKillRounds scans 10 ms
// apart. Returns true when none is left. `still_wanted` is asked between looking and killing.
constexpr int kKillRounds = 10;
bool kill_everything_in(DirectoryId directory, const std::string& program, const std::function<bool()>& still_wanted);

}  // namespace tamada
