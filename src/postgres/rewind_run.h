// PostgresData::rewind: pg_rewind against the leader (ha_behaviour.md 4.4).
#pragma once

#include "model/member.h"
#include "postgres/data_context.h"

namespace tamada {

// Errors: Unavailable when the leader cannot serve as source now, Conflict when a process works in the data directory,
// Timeout and Io as they come: all of these mean "try again". Failed: pg_rewind failed against a healthy leader, or can
// never succeed.
Task<Result<void>> run_rewind(DataContext context, Member leader, Instant deadline);

// Pure: arguments of pg_rewind. `restore` says that the target's own configuration has a restore command.
struct RewindArguments {
  int version = 0;  // of the target, 150000
  std::string data_dir;
  std::string config_file;
  bool config_outside = false;
  bool restore = false;
  std::string source;  // conninfo without password
};
std::vector<std::string> rewind_arguments(const RewindArguments& with);

}  // namespace tamada
