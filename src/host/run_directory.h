// The member's run directory: what survives the daemon (notes, adoption record) and the lock that keeps a second daemon
// of the same member out, also a stopped one (safety.md 2.4). Blocking; made once at start-up, before the engine runs.
//
// Where: $TAMADA_RUN_DIR/<scope>.<name> when the variable is set; else .<data directory's name>.tamada beside the data
// directory (the notes must be on storage that a reboot keeps, and not inside a directory that a clone empties); else,
// when that place is not writable, ~/.tamada/<scope>.<name>.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "host/unique_fd.h"

namespace tamada {

struct RunDirectoryNames {
  std::string scope;
  std::string name;
  std::string data_dir;
};
// The places to try, in order. Pure but for the environment.
std::vector<std::string> run_directory_candidates(const RunDirectoryNames& names);

class RunDirectory {
 public:
  // Error Conflict when another process holds the lock: its pid is named.
  static Result<RunDirectory> open(const RunDirectoryNames& names);
  static Result<RunDirectory> open_at(const std::string& path);

  const std::string& path() const { return path_; }

 private:
  RunDirectory(std::string path, UniqueFd lock) : path_(std::move(path)), lock_(std::move(lock)) {}
  std::string path_;
  UniqueFd lock_;  // held until the process ends; a stopped process holds it too
};

}  // namespace tamada
