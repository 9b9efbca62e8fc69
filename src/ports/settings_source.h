// Where the engine gets its settings from: the local documents (file, directory, environment) and the dynamic one.
// Building them is model/settings_build.h's work; reading files is the host's.
#pragma once

#include <memory>

#include "base/json.h"
#include "base/result.h"
#include "base/task.h"
#include "model/settings.h"
#include "model/settings_origins.h"

namespace tamada {

class SettingsSource {
 public:
  virtual ~SettingsSource() = default;
  // What is in force now. Never null.
  virtual std::shared_ptr<const Settings> current() const = 0;
  // Reads the local documents again (SIGHUP, POST /reload). On an error the old settings stay in force.
  virtual Task<Result<std::shared_ptr<const Settings>>> reload_local() = 0;
  // What current() was built from, for telling origins and for the dry run of a change.
  virtual SettingsInputs inputs() const = 0;
  // Takes another dynamic document into force. A bad value never voids the others; warnings were logged.
  virtual Result<std::shared_ptr<const Settings>> apply_dynamic(const json::object& document) = 0;
  // Patroni members are in the cluster: their minima for ttl and retry_timeout hold from the next document on (C3).
  virtual void set_peer_minima(bool hold) = 0;
};

}  // namespace tamada
