// The settings of a daemon or tool: files or environment on one side, the dynamic configuration on the other. Owned by
// the composition root, used on the engine's thread (before the engine runs: on the main thread).
//
// Until apply_dynamic is called, bootstrap.dcs of the local configuration stands in for the dynamic one.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "host/blocking_pool.h"
#include "model/settings_build.h"
#include "model/settings_load.h"
#include "ports/settings_source.h"

namespace tamada {

// PATRONI_* and TAMADA_* variables, taken out of the process environment so that no child sees them. Called once,
// before any thread starts.
SettingsVariables take_settings_variables();

// What the path holds, read now: a file, or the *.yml and *.yaml of a directory by name. A path that does not exist
// gives no files (the environment counts then). Error: Invalid for something that is neither, Io or Denied for
// unreadable ones.
Result<LocalSources> read_local_sources(const std::optional<std::string>& path, const SettingsVariables& variables);

class FileSettingsSource final : public SettingsSource {
 public:
  struct Options {
    std::optional<std::string> path;
    SettingsVariables variables;
    // Both set: a reload reads off the engine's thread and gives up after kReadLimit.
    BlockingPool* pool = nullptr;
    Clock* clock = nullptr;
  };
  static constexpr Duration kReadLimit = std::chrono::seconds(5);

  // Reads for the first time, blocking. `for_daemon` also asks for everything a daemon needs.
  static Result<std::unique_ptr<FileSettingsSource>> open(Options options, Logger log, bool for_daemon = true);

  std::shared_ptr<const Settings> current() const override { return current_; }
  Task<Result<std::shared_ptr<const Settings>>> reload_local() override;
  Result<std::shared_ptr<const Settings>> apply_dynamic(const json::object& document) override;
  SettingsInputs inputs() const override;
  void set_peer_minima(bool hold) override { peer_minima_ = hold; }

  const Origins& origins() const { return origins_; }
  const LocalDocument& local() const { return local_; }
  // Set while new local values wait for a restart of the daemon.
  const std::vector<std::string>& waiting_for_restart() const { return waiting_; }

 private:
  FileSettingsSource(Options options, Logger log, bool for_daemon)
      : options_(std::move(options)), log_(std::move(log)), for_daemon_(for_daemon) {}

  Result<void> take_local(LocalDocument local);
  BuildInput input_of(const LocalDocument& local, const std::optional<json::object>& dynamic) const;
  Result<BuiltSettings> build(const LocalDocument& local, const std::optional<json::object>& dynamic) const;
  enum class Kept { Nothing, UntilRestart };
  void put_into_force(BuiltSettings built, Kept kept);
  void log_new_warnings(const std::vector<std::string>& warnings);

  Options options_;
  Logger log_;
  bool for_daemon_;
  bool from_path_ = false;
  bool peer_minima_ = false;
  LocalDocument local_;
  std::optional<json::object> dynamic_;
  std::shared_ptr<const Settings> current_;
  Origins origins_;
  std::vector<std::string> warnings_;  // already logged
  std::vector<std::string> waiting_;
};

}  // namespace tamada
