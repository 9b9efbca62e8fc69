#include "postgres/data_directory.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include <chrono>
#include <cstring>
#include <memory>
#include <thread>

#include "host/files.h"
#include "postgres/control_file.h"
#include "postgres/version_table.h"

namespace tamada {

namespace {

constexpr std::size_t kControlFileLimit = 65536;
constexpr int kControlReads = 5;
constexpr auto kControlPause = std::chrono::milliseconds(10);

bool is_dot(const char* name) {
  return std::strcmp(name, ".") == 0 || std::strcmp(name, "..") == 0;
}

// Missing, Empty, Present or Inaccessible.
void look_at_entries(const std::string& path, DataDirectoryLook& look) {
  std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), &::closedir);
  if (!directory) {
    look.state = errno == ENOENT ? DataDirState::Missing : DataDirState::Inaccessible;
    if (look.state == DataDirState::Inaccessible) look.error = errno_error("cannot open", path, errno).message;
    return;
  }
  errno = 0;
  look.state = DataDirState::Empty;
  while (const dirent* entry = ::readdir(directory.get())) {
    if (is_dot(entry->d_name)) continue;
    look.state = DataDirState::Present;
    return;
  }
  if (errno == 0) return;
  look.state = DataDirState::Inaccessible;
  look.error = errno_error("cannot read", path, errno).message;
}

}  // namespace

Result<ControlData> read_control_file(const std::string& data_dir) {
  const std::string path = join_path(data_dir, "global/pg_control");
  for (int attempt = 1;; ++attempt) {
    auto bytes = read_file(path, kControlFileLimit);
    if (!bytes) return bytes.error();
    auto data = parse_control_file(*bytes);
    if (data || data.error().code != ErrorCode::Invalid || attempt == kControlReads) return data;
    std::this_thread::sleep_for(kControlPause);
  }
}

bool recovery_files_present(const std::string& data_dir, int version) {
  if (version != 0 && pg_version(version).recovery_conf) return path_exists(join_path(data_dir, "recovery.conf"));
  const bool signals =
      path_exists(join_path(data_dir, "standby.signal")) || path_exists(join_path(data_dir, "recovery.signal"));
  return signals || (version == 0 && path_exists(join_path(data_dir, "recovery.conf")));
}

DataDirectoryLook look_at_data_directory(const std::string& path) {
  DataDirectoryLook look;
  look_at_entries(path, look);
  if (look.state != DataDirState::Present) return look;
  auto version = read_file(join_path(path, "PG_VERSION"), 1024);
  if (version) {
    look.version = parse_pg_version(*version);
  } else if (version.error().code != ErrorCode::NotFound) {
    look.state = DataDirState::Inaccessible;
    look.error = version.error().message;
    return look;
  }
  look.recovery_configured = recovery_files_present(path, look.version);
  look.backup_label = path_exists(join_path(path, "backup_label"));
  auto control = read_control_file(path);
  if (control) look.control = std::move(*control);
  // Absent while the directory is being made: nothing to ask pg_controldata about.
  else if (control.error().code != ErrorCode::NotFound)
    look.control_error = control.error();
  return look;
}

mode_t file_mode_for(const std::string& data_dir) {
  struct stat info;
  if (::stat(data_dir.c_str(), &info) != 0) return 0600;
  return (info.st_mode & 0050) == 0050 ? 0640 : 0600;
}

}  // namespace tamada
