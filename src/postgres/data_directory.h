// A look at the data directory: is it there, empty, readable; version, recovery files, control data. Blocking: on a
// pool thread.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/result.h"
#include "model/postgres_status.h"

namespace tamada {

struct DataDirectoryLook {
  DataDirState state = DataDirState::Unknown;
  std::string error;  // with Inaccessible
  int version = 0;    // of PG_VERSION; 0 = unknown
  bool recovery_configured = false;
  bool backup_label = false;
  std::optional<ControlData> control;
  // Why there is no control data although global/pg_control exists; Unsupported asks for pg_controldata.
  std::optional<Error> control_error;
};

DataDirectoryLook look_at_data_directory(const std::string& path);

// Reads global/pg_control, again for a moment when the checksum is wrong: the server may be writing it.
Result<ControlData> read_control_file(const std::string& data_dir);
// standby.signal, recovery.signal or recovery.conf is there.
bool recovery_files_present(const std::string& data_dir, int version);

// Mode of generated files (configuration.md 4.9): 0640 when the group may read the data directory, else 0600.
mode_t file_mode_for(const std::string& data_dir);

}  // namespace tamada
