#include "postgres/config_files.h"

#include <cstdlib>

#include <sys/stat.h>

#include <fmt/format.h>

#include "base/text.h"
#include "host/files.h"
#include "postgres/data_directory.h"
#include "postgres/data_files.h"
#include "postgres/version_table.h"

namespace tamada {

namespace {

constexpr mode_t kPrivate = 0600;

// Our umask, read without changing it: other threads create files meanwhile.
mode_t own_umask() {
  auto status = read_file("/proc/self/status", 65536);
  if (!status) return 022;
  const auto at = status->find("\nUmask:");
  return at == std::string::npos ? 022 : static_cast<mode_t>(std::strtoul(status->c_str() + at + 7, nullptr, 8));
}

bool inside(const std::string& path, const std::string& directory) {
  return path.starts_with(directory.ends_with('/') ? directory : directory + "/");
}

mode_t mode_for(const std::string& path, const std::string& data_dir) {
  return inside(path, data_dir) ? file_mode_for(data_dir) : (0666 & ~own_umask());
}

class Writer {
 public:
  Writer(const ConfigWork& work, ConfigOutcome& outcome) : work_(work), paths_(work.paths), outcome_(outcome) {}

  Result<void> all(const std::function<bool()>& still_wanted) {
    using Step = Result<void> (Writer::*)();
    constexpr Step kSteps[] = {&Writer::restore,         &Writer::ensure_base,   &Writer::directories,
                               &Writer::main_file,       &Writer::hba,           &Writer::ident,
                               &Writer::clean_auto_conf, &Writer::password_file, &Writer::recovery_files};
    for (Step step : kSteps) {
      if (!still_wanted()) return Error(ErrorCode::Cancelled, "writing the configuration was given up");
      if (auto done = (this->*step)(); !done) return done;
    }
    return {};
  }

 private:
  Result<void> write(const std::string& path, const std::string& content) {
    auto changed = write_file_if_changed(path, content, mode_for(path, paths_.data_dir));
    if (!changed) return changed.error();
    outcome_.changed |= *changed;
    return {};
  }

  Result<void> restore() { return restore_config_backups(paths_); }

  Result<void> directories() {
    for (const std::string& path : work_.directories)
      if (auto made = create_directory(path, 0777 & ~own_umask()); !made) return made;
    return {};
  }

  Result<void> main_file() {
    return work_.postgresql_conf.empty() ? Result<void>() : write(paths_.conf(), work_.postgresql_conf);
  }

  Result<void> hba() { return work_.hba ? write(paths_.hba(), *work_.hba) : Result<void>(); }

  Result<void> password_file() {
    return work_.pgpass.empty() ? Result<void>() : write_pgpass(work_.pgpass_path, work_.pgpass);
  }

  // The file that was there before us is renamed once and included from then on.
  Result<void> ensure_base() {
    if (!paths_.custom_conf.empty() || path_exists(paths_.base_conf())) return {};
    auto existing = read_file_if_exists(paths_.conf());
    if (!existing) return existing.error();
    if (!*existing)
      return Error(ErrorCode::NotFound, fmt::format("neither {} nor {} exists", paths_.conf(), paths_.base_conf()));
    if (!is_generated(**existing)) return rename_file(paths_.conf(), paths_.base_conf());
    // Generated, but what it includes was lost. Renaming it would make a file that includes itself.
    outcome_.notes.push_back(fmt::format("{} was lost, an empty one is used", paths_.base_conf()));
    return write_file_atomic(paths_.base_conf(), "", mode_for(paths_.base_conf(), paths_.data_dir));
  }

  Result<void> ident() {
    if (work_.ident) return write(paths_.ident(), *work_.ident);
    if (!paths_.own_ident || path_exists(paths_.ident())) return {};
    return write_file_atomic(paths_.ident(), "", mode_for(paths_.ident(), paths_.data_dir));
  }

  // ALTER SYSTEM or pg_basebackup -R may have left recovery settings that would win over ours.
  Result<void> clean_auto_conf() {
    if (pg_version(work_.version).recovery_conf || work_.recovery == RecoveryFiles::Leave) return {};
    const std::string path = join_path(paths_.data_dir, "postgresql.auto.conf");
    auto text = read_file_if_exists(path);
    if (!text) return text.error();
    if (!*text) return {};
    auto cleaned = without_recovery_gucs(**text);
    if (!cleaned) return {};
    outcome_.changed = true;
    return write_file_atomic(path, *cleaned, file_mode_for(paths_.data_dir));
  }

  Result<void> recovery_files() {
    switch (work_.recovery) {
      case RecoveryFiles::Leave:
        return {};
      case RecoveryFiles::Remove:
        return remove_recovery_files(paths_.data_dir);
      case RecoveryFiles::Standby:
      case RecoveryFiles::Targeted:
        return pg_version(work_.version).recovery_conf ? recovery_conf() : signal_file();
    }
    return {};
  }

  Result<void> recovery_conf() {
    auto changed = write_file_if_changed(join_path(paths_.data_dir, "recovery.conf"), work_.recovery_conf, kPrivate);
    if (!changed) return changed.error();
    outcome_.changed |= *changed;
    return {};
  }

  // The wanted file is made before the other one goes: at no moment would the server start as a primary.
  Result<void> signal_file() {
    const bool standby = work_.recovery == RecoveryFiles::Standby;
    const std::string wanted = join_path(paths_.data_dir, standby ? "standby.signal" : "recovery.signal");
    const std::string other = join_path(paths_.data_dir, standby ? "recovery.signal" : "standby.signal");
    if (!path_exists(wanted))
      if (auto made = write_file_atomic(wanted, "", file_mode_for(paths_.data_dir)); !made) return made;
    if (auto gone = remove_file(other); !gone) return gone;
    return remove_file(join_path(paths_.data_dir, "recovery.conf"));
  }

  const ConfigWork& work_;
  const ConfigPaths& paths_;
  ConfigOutcome& outcome_;
};

struct BackedUp {
  std::string file;
  std::string backup;
};

std::vector<BackedUp> backed_up(const ConfigPaths& paths) {
  std::vector<std::string> files{paths.conf()};
  if (paths.custom_conf.empty()) files.push_back(paths.base_conf());
  if (paths.own_hba) files.push_back(paths.hba());
  if (paths.own_ident) files.push_back(paths.ident());
  std::vector<BackedUp> result;
  for (const std::string& file : files)
    result.push_back({file, join_path(paths.data_dir, file.substr(file.rfind('/') + 1) + ".backup")});
  return result;
}

}  // namespace

Result<void> begin_custom_bootstrap(const ConfigPaths& paths) {
  auto hba = read_file_if_exists(paths.hba());
  if (!hba) return hba.error();
  const std::string backup = join_path(paths.data_dir, "pg_hba.conf.backup");
  if (*hba && !path_exists(join_path(paths.data_dir, kCustomBootstrapMarker)))
    if (auto saved = write_file_atomic(backup, **hba, file_mode_for(paths.data_dir)); !saved) return saved;
  return write_file_atomic(join_path(paths.data_dir, kCustomBootstrapMarker), "", kPrivate);
}

Result<void> end_custom_bootstrap(const ConfigPaths& paths) {
  const std::string marker = join_path(paths.data_dir, kCustomBootstrapMarker);
  if (!path_exists(marker)) return {};
  auto hba = read_file_if_exists(join_path(paths.data_dir, "pg_hba.conf.backup"));
  if (!hba) return hba.error();
  if (*hba && paths.own_hba)
    if (auto restored = write_file_atomic(paths.hba(), **hba, mode_for(paths.hba(), paths.data_dir)); !restored)
      return restored;
  // The timeline that the recovery ended in was made while archiving was off.
  if (auto handed = hand_over_history_files(paths.data_dir); !handed) return handed;
  return remove_file(marker);
}

std::string ConfigPaths::conf() const {
  return join_path(config_dir, base_name + ".conf");
}
std::string ConfigPaths::base_conf() const {
  return join_path(config_dir, base_name + ".base.conf");
}
std::string ConfigPaths::hba() const {
  return join_path(config_dir, "pg_hba.conf");
}
std::string ConfigPaths::ident() const {
  return join_path(config_dir, "pg_ident.conf");
}
std::string ConfigPaths::include() const {
  return custom_conf.empty() ? base_name + ".base.conf" : custom_conf;
}

ConfigPaths config_paths(const Settings& settings) {
  const PostgresSettings& postgres = settings.postgresql;
  ConfigPaths paths;
  paths.data_dir = postgres.data_dir;
  paths.config_dir = postgres.config_dir.empty() ? postgres.data_dir : postgres.config_dir;
  paths.base_name = postgres.config_base_name;
  paths.custom_conf = postgres.custom_conf;
  const std::string* hba = find_guc(postgres.parameters, "hba_file");
  const std::string* ident = find_guc(postgres.parameters, "ident_file");
  paths.own_hba = hba == nullptr || join_path(paths.config_dir, *hba) == paths.hba();
  paths.own_ident = ident == nullptr || join_path(paths.config_dir, *ident) == paths.ident();
  return paths;
}

Result<ConfigOutcome> write_config(const ConfigWork& work, const std::function<bool()>& still_wanted) {
  ConfigOutcome outcome;
  if (auto done = Writer(work, outcome).all(still_wanted); !done) return done.error();
  return outcome;
}

Result<void> remove_recovery_files(const std::string& data_dir) {
  for (const char* name : {"recovery.conf", "standby.signal", "recovery.signal"})
    if (auto removed = remove_file(join_path(data_dir, name)); !removed) return removed;
  return sync_directory(data_dir);
}

Result<void> save_config_backups(const ConfigPaths& paths) {
  // The temporary pg_hba.conf must not replace the copy of the real one.
  if (path_exists(join_path(paths.data_dir, kCustomBootstrapMarker))) return {};
  for (const BackedUp& pair : backed_up(paths)) {
    auto content = read_file_if_exists(pair.file);
    if (!content) return content.error();
    if (!*content) continue;
    if (auto saved = write_file_if_changed(pair.backup, **content, file_mode_for(paths.data_dir)); !saved)
      return saved.error();
  }
  return {};
}

Result<void> restore_config_backups(const ConfigPaths& paths) {
  for (const BackedUp& pair : backed_up(paths)) {
    if (path_exists(pair.file)) continue;
    auto content = read_file_if_exists(pair.backup);
    if (!content) return content.error();
    if (!*content) continue;
    if (auto restored = write_file_atomic(pair.file, **content, mode_for(pair.file, paths.data_dir)); !restored)
      return restored;
  }
  return {};
}

Result<void> write_pgpass(const std::string& path, const std::string& content) {
  auto written = write_file_if_changed(path, content, kPrivate);
  if (!written) return written.error();
  return {};
}

GeneratedConf read_generated_conf(const ConfigPaths& paths, int version) {
  GeneratedConf conf;
  if (auto text = read_file(paths.conf()); text && is_generated(*text)) conf = parse_generated_conf(*text);
  if (pg_version(version).recovery_conf) {
    conf.recovery.clear();
    if (auto text = read_file(join_path(paths.data_dir, "recovery.conf"))) conf.recovery = parse_conf(*text);
  }
  return conf;
}

}  // namespace tamada
