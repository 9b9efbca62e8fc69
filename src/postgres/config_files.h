// Putting configuration on disk: base file, postgresql.conf, pg_hba.conf, pg_ident.conf, auto.conf clean-up, recovery
// files, password file, backups (configuration.md 4). Blocking: on a pool thread. What is written was computed before
// (postgresql_conf.h, recovery_settings.h); a crash between two files leaves what the next start writes again.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "postgres/postgresql_conf.h"

namespace tamada {

// Where the files of one server are.
struct ConfigPaths {
  std::string data_dir;
  std::string config_dir;
  std::string base_name = "postgresql";
  std::string custom_conf;
  bool own_hba = true;  // hba_file is not set by the user elsewhere
  bool own_ident = true;

  std::string conf() const;
  std::string base_conf() const;
  std::string hba() const;
  std::string ident() const;
  std::string include() const;  // as it stands in the include line
};
ConfigPaths config_paths(const Settings& settings);

// In the data directory while a custom bootstrap is not finished (A2): its presence makes every start use the temporary
// pg_hba.conf and keeps archiving off. Made and removed by the bootstrap.
inline constexpr const char* kCustomBootstrapMarker = "tamada.custom_bootstrap";

// Makes the marker and keeps the pg_hba.conf that the bootstrap script made; ends it: puts that file back, leaves the
// history of the new timeline to the archiver (hand_over_history_files), removes the marker. The caller applies the
// settings afterwards (PostgresServer::apply_settings), which writes a configured pg_hba list.
Result<void> begin_custom_bootstrap(const ConfigPaths& paths);
Result<void> end_custom_bootstrap(const ConfigPaths& paths);

enum class RecoveryFiles { Leave, Remove, Standby, Targeted };

struct ConfigWork {
  ConfigPaths paths;
  int version = 0;
  std::string postgresql_conf;     // empty = leave the file
  std::optional<std::string> hba;  // nullopt = leave the file
  std::optional<std::string> ident;
  RecoveryFiles recovery = RecoveryFiles::Leave;
  std::string recovery_conf;  // text, below 12
  std::string pgpass_path;
  std::string pgpass;                    // empty = leave the file
  std::vector<std::string> directories;  // made when missing: sockets, statistics, password file
};

struct ConfigOutcome {
  bool changed = false;            // something that a running server should read again
  std::vector<std::string> notes;  // worth a warning
};
// `still_wanted` is asked before every file: work that hung and was given up must not go on (Error Cancelled).
Result<ConfigOutcome> write_config(const ConfigWork& work, const std::function<bool()>& still_wanted);

// Removes recovery.conf, standby.signal and recovery.signal.
Result<void> remove_recovery_files(const std::string& data_dir);
// Copies of the configuration beside the data, and back for what is missing (after a clone).
Result<void> save_config_backups(const ConfigPaths& paths);
Result<void> restore_config_backups(const ConfigPaths& paths);

// A password file: mode 0600, only written when it differs.
Result<void> write_pgpass(const std::string& path, const std::string& content);

// Parts 3 and 6 of what was generated last, or recovery.conf below 12; empty maps when there is nothing of ours.
GeneratedConf read_generated_conf(const ConfigPaths& paths, int version);

}  // namespace tamada
